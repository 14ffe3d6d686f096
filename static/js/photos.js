// Makes photos smaller on the phone before they are sent, and says which file was chosen.
// Without this file the browser sends the photo as it is; the server's limit decides.

const LONGEST_SIDE_PX = 2000;
const LEAVE_ALONE_BYTES = 600 * 1024;
const JPEG_QUALITY = 0.82;

async function smaller(file) {
  if (!file.type.startsWith("image/") || file.size <= LEAVE_ALONE_BYTES) return file;
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const factor = Math.min(1, LONGEST_SIDE_PX / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * factor);
  canvas.height = Math.round(picture.height * factor);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
  if (!blob || blob.size >= file.size) return file;
  return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
}

async function shrinkAll(input) {
  const kept = new DataTransfer();
  let shrunk = false;
  for (const file of input.files) {
    const result = await smaller(file).catch(() => file);
    shrunk ||= result !== file;
    kept.items.add(result);
  }
  if (shrunk) input.files = kept.files;
  return shrunk;
}

function megabytes(bytes) {
  return (bytes / 1048576).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 }) + " MB";
}

function watch(place) {
  const input = place.querySelector("input[type=file]");
  const name = place.querySelector("[data-file-name]");
  const status = place.querySelector("[data-file-status]");
  const prompt = name.textContent;
  input.addEventListener("change", async () => {
    const shrunk = await shrinkAll(input);
    const words = [...input.files].map((file) => `${file.name} · ${megabytes(file.size)}`).join(", ");
    name.textContent = words || prompt;
    status.textContent = shrunk ? `${words}. ${status.dataset.shrunk}` : words;
  });
}

for (const place of document.querySelectorAll("[data-file-drop]")) watch(place);
