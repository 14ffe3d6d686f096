"""Whether a screened file counted as women's, and whether it came late."""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # the defaults are for rows that stand already, and go at once
    with op.batch_alter_table('screened', schema=None) as batch_op:
        batch_op.add_column(sa.Column('womens', sa.String(length=8), nullable=False, server_default='unknown'))
        batch_op.add_column(sa.Column('is_late', sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table('screened', schema=None) as batch_op:
        batch_op.alter_column('womens', server_default=None)
        batch_op.alter_column('is_late', server_default=None)


def downgrade() -> None:
    with op.batch_alter_table('screened', schema=None) as batch_op:
        batch_op.drop_column('is_late')
        batch_op.drop_column('womens')
