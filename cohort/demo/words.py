"""Holds the invented names, places and products of the demo's firms and people; who applies is drawn in `sketches`."""

from __future__ import annotations

from dataclasses import dataclass

WOMEN = (
    "Camila", "Valentina", "Rosa", "Martina", "Isidora", "Lucía", "Ximena", "Daniela", "Mariana", "Carolina", "Noemí",
    "Beatriz", "Verónica", "Inés", "Sofía", "Yolanda", "Pilar", "Milagros", "Gloria", "Teresa", "Elena", "Paulina",
)
MEN = (
    "Andrés", "Joaquín", "Rubén", "Matías", "Héctor", "Íñigo", "Julián", "Ramiro", "Óscar", "Felipe", "Gonzalo",
    "Tomás", "Emilio", "Saúl", "Nicolás", "Álvaro", "Efraín", "Fabián", "Rodrigo", "Iván", "Darío", "César",
)
SURNAMES: dict[str, tuple[str, ...]] = {
    "CL": ("Huenchumil", "Cárcamo", "Oyarzún", "Painemal", "Valdebenito", "Riquelme", "Sepúlveda", "Curihual", "Aránguiz", "Ojeda"),
    "CO": ("Arboleda", "Quiñones", "Ospina", "Buitrago", "Cuesta", "Palacios", "Zuluaga", "Restrepo", "Chocó", "Mosquera"),
    "MX": ("Ixtepan", "Cuautle", "Xicoténcatl", "Bautista", "Nájera", "Ordóñez", "Villaseñor", "Tzompantzi", "Cházaro", "Luján"),
    "PE": ("Quispe", "Mamani", "Choquehuanca", "Huamán", "Ñaupari", "Condori", "Yupanqui", "Ccori", "Atauchi", "Zevallos"),
    "CR": ("Chinchilla", "Quirós", "Obando", "Segura", "Alfaro", "Brenes"),
}
CITIES: dict[str, tuple[tuple[str, str], ...]] = {
    "CL": (("Maule", "Talca"), ("Araucanía", "Temuco"), ("Los Lagos", "Castro"), ("Valparaíso", "Quillota"),
           ("Metropolitana", "Santiago"), ("Coquimbo", "Vicuña"), ("Tarapacá", "Iquique"), ("Biobío", "Cañete")),
    "CO": (("Risaralda", "Pereira"), ("Cauca", "Popayán"), ("Antioquia", "Medellín"), ("Santander", "Curití"),
           ("Bogotá D. C.", "Bogotá"), ("Nariño", "Pasto"), ("Bolívar", "Cartagena"), ("Huila", "Pitalito")),
    "MX": (("Puebla", "Cuetzalan"), ("Oaxaca", "Teotitlán del Valle"), ("Jalisco", "Tlaquepaque"), ("Yucatán", "Mérida"),
           ("Ciudad de México", "Coyoacán"), ("Chiapas", "San Cristóbal"), ("Guanajuato", "León"), ("Michoacán", "Pátzcuaro")),
    "PE": (("Puno", "Juliaca"), ("Cusco", "Pisac"), ("Arequipa", "Arequipa"), ("San Martín", "Tarapoto"),
           ("Lima", "Barranco"), ("Ayacucho", "Huamanga"), ("Piura", "Catacaos"), ("Junín", "Satipo")),
    "CR": (("Cartago", "Turrialba"), ("San José", "Escazú"), ("Guanacaste", "Nicoya")),
}
# What stands behind the first word of a firm's name.
PLACES: dict[str, tuple[str, ...]] = {
    "CL": ("Austral", "Elqui", "Chiloé", "del Maipo", "Ñuble", "Lonquimay", "Atacama", "Pehuén", "Aconcagua", "Colchagua",
           "Rapel", "Llaima", "Copihue", "Araucaria", "Quilapán", "Palena", "Choapa", "Limarí", "Coihue", "Arrayán"),
    "CO": ("Sierra Nevada", "Tayrona", "Guadua", "Chicamocha", "del Cauca", "Orquídea", "Cocora", "Páramo", "Sumapaz", "Quimbaya",
           "Barichara", "Frailejón", "Guatapé", "Macarena", "del Llano", "Yarumo", "Nevado", "Tamá", "Caldas", "Ceiba"),
    "MX": ("Xóchitl", "Jacaranda", "Cempasúchil", "del Bajío", "Sierra Norte", "Mixteca", "Tonalá", "Copal", "Maguey", "Tehuana",
           "Nopalera", "Chapala", "Ehécatl", "Huasteca", "Quetzalli", "Olinalá", "Izamal", "Ahuehuete", "Papantla", "Milpa"),
    "PE": ("Valle Sagrado", "Wiracocha", "Kantuta", "Ausangate", "Chachapoyas", "Ñusta", "Colca", "Apurímac", "Vilcanota", "Inti",
           "Huascarán", "Qori", "Tambo", "Nazca", "Puna", "Marañón", "Sipán", "Ukumari", "Killa", "Ceja de Selva"),
    "CR": ("Talamanca", "Irazú", "Guanacaste", "Monteverde", "Tortuguero"),
}
LEGAL_FORMS = {"CL": "SpA", "CO": "S.A.S.", "MX": "S.A. de C.V.", "PE": "S.A.C.", "CR": "S.R.L."}


@dataclass(frozen=True)
class Trade:
    """A line of business: first words of its firms' names, product with its HS code, sector, and where it is found."""

    firsts: tuple[str, ...]
    product: str
    hs_code: str
    sector: str
    countries: str = "CL CO MX PE CR"
    months: tuple[int, ...] = ()  # a season, where the trade has one


TRADES = (
    Trade(("Tejidos", "Telares", "Lanas"), "Chales de lana tejidos a mano", "621420", "manufacturing"),
    Trade(("Alpaca", "Vellón"), "Ponchos y gorros de alpaca", "611011", "manufacturing", "PE CL"),
    Trade(("Cacao", "Chocolatería"), "Barras de chocolate de origen", "180632", "manufacturing", "CO MX PE CR"),
    Trade(("Café", "Tostaduría"), "Café tostado en grano", "090121", "manufacturing", "CO MX PE CR"),
    Trade(("Miel", "Colmenar"), "Miel multifloral en frasco", "040900", "manufacturing", "CL MX CO", (11, 12, 1, 2, 3, 4)),
    Trade(("Cerámica", "Alfarería", "Barro"), "Vajilla de cerámica esmaltada", "691200", "manufacturing"),
    Trade(("Botica", "Esencia", "Aroma"), "Cremas y jabones naturales", "340111", "manufacturing"),
    Trade(("Cuero", "Talabartería"), "Bolsos y billeteras de cuero", "420221", "manufacturing"),
    Trade(("Joyería", "Orfebrería", "Plata"), "Aros y collares de plata", "711311", "manufacturing"),
    Trade(("Maderas", "Luthier"), "Instrumentos y utensilios de madera", "441990", "manufacturing"),
    Trade(("Papel", "Estampas"), "Cuadernos y láminas ilustradas", "482010", "manufacturing"),
    Trade(("Semillas", "Granja"), "Quinua y frutos secos", "100850", "commerce", "CL PE MX CO"),
    Trade(("Juguetes", "Títeres"), "Juguetes de madera y tela", "950300", "manufacturing"),
    Trade(("Código", "Nube", "Pixel"), "Aplicaciones y páginas a medida", "", "it_services"),
    Trade(("Navidad", "Fiesta"), "Adornos de Navidad hechos a mano", "950510", "manufacturing", "CL CO MX PE", (10, 11, 12)),
    Trade(("Moda", "Taller"), "Blusas y vestidos bordados", "620630", "commerce"),
)
CHANNELS = (
    ("marketplace", "Mercado Libre"), ("marketplace", "Etsy"), ("marketplace", "Amazon"), ("own_store", ""),
    ("social", "Instagram"), ("social", "WhatsApp"), ("storefront", "Shopify"), ("b2b_platform", ""),
)
