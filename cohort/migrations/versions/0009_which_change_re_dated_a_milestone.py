"""Which change re-dated a milestone."""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('date_change', schema=None) as batch_op:
        batch_op.add_column(sa.Column('facts', sa.JSON(), server_default='{}', nullable=False))

    with op.batch_alter_table('milestone_entry', schema=None) as batch_op:
        batch_op.add_column(sa.Column('change_id', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_milestone_entry_change_id'), ['change_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_milestone_entry_change_id_date_change'), 'date_change', ['change_id'], ['id'])


def downgrade() -> None:
    with op.batch_alter_table('milestone_entry', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_milestone_entry_change_id_date_change'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_milestone_entry_change_id'))
        batch_op.drop_column('change_id')

    with op.batch_alter_table('date_change', schema=None) as batch_op:
        batch_op.drop_column('facts')
