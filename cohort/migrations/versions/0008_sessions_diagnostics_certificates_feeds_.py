"""Sessions, diagnostics, certificates, feeds and dates."""

import cohort.kit.database
import flask_security.datastore
import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('calendar_feed',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('plan_id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('made_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_calendar_feed_person_id_person')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_calendar_feed_plan_id_plan')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calendar_feed')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_calendar_feed_token_hash'))
    )
    with op.batch_alter_table('calendar_feed', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_calendar_feed_person_id'), ['person_id'], unique=False)

    op.create_table('date_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('plan_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('rows', sa.JSON(), nullable=False),
    sa.Column('applied_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('applied_by', sa.Integer(), nullable=True),
    sa.Column('undone_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('undone_by', sa.Integer(), nullable=True),
    sa.Column('undo_reason', sa.String(length=500), nullable=False),
    sa.CheckConstraint("kind IN ('start', 'pause', 'extension', 'template')", name=op.f('ck_date_change_kind')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_date_change_plan_id_plan')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_date_change'))
    )
    with op.batch_alter_table('date_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_date_change_plan_id'), ['plan_id'], unique=False)

    op.create_table('snooze',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('subject_id', sa.Integer(), nullable=False),
    sa.Column('until_on', sa.Date(), nullable=False),
    sa.Column('recorded_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_snooze_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_snooze')),
    sa.UniqueConstraint('person_id', 'kind', 'subject_id', name=op.f('uq_snooze_person_id_kind_subject_id'))
    )
    op.create_table('training_session',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('plan_id', sa.Integer(), nullable=False),
    sa.Column('title_es', sa.String(length=160), nullable=False),
    sa.Column('title_en', sa.String(length=160), nullable=False),
    sa.Column('starts_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('ends_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('time_zone', sa.String(length=40), nullable=False),
    sa.Column('host_country', sa.String(length=2), nullable=False),
    sa.Column('language', sa.String(length=2), nullable=False),
    sa.Column('trainer', sa.String(length=120), nullable=False),
    sa.Column('place', sa.String(length=200), nullable=False),
    sa.Column('link', sa.String(length=300), nullable=False),
    sa.Column('materials', sa.String(length=300), nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=True),
    sa.Column('invites', sa.JSON(), nullable=False),
    sa.Column('is_core', sa.Boolean(), nullable=False),
    sa.Column('door_code', sa.String(length=40), nullable=False),
    sa.Column('cancelled_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('cancel_reason', sa.String(length=500), nullable=False),
    sa.Column('recorded_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_training_session_plan_id_plan')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_session')),
    sa.UniqueConstraint('door_code', name=op.f('uq_training_session_door_code'))
    )
    with op.batch_alter_table('training_session', schema=None) as batch_op:
        batch_op.create_index('ix_training_session_plan_starts', ['plan_id', 'starts_at'], unique=False)

    op.create_table('attendance',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('firm_id', sa.Integer(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(length=8), nullable=False),
    sa.Column('import_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.Integer(), nullable=True),
    sa.CheckConstraint("source IN ('screen', 'door', 'file')", name=op.f('ck_attendance_source')),
    sa.ForeignKeyConstraint(['firm_id'], ['firm.id'], name=op.f('fk_attendance_firm_id_firm')),
    sa.ForeignKeyConstraint(['import_id'], ['import_run.id'], name=op.f('fk_attendance_import_id_import_run')),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_attendance_member_id_member')),
    sa.ForeignKeyConstraint(['session_id'], ['training_session.id'], name=op.f('fk_attendance_session_id_training_session')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attendance'))
    )
    with op.batch_alter_table('attendance', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_attendance_firm_id'), ['firm_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_attendance_member_id'), ['member_id'], unique=False)
        batch_op.create_index('ix_attendance_session_member', ['session_id', 'member_id', 'id'], unique=False)

    op.create_table('certificate',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('plan_id', sa.Integer(), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('firm_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('issued_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('issued_by', sa.Integer(), nullable=True),
    sa.Column('revoked_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('revoked_by', sa.Integer(), nullable=True),
    sa.Column('revoke_reason', sa.String(length=500), nullable=False),
    sa.CheckConstraint("kind IN ('training', 'completion')", name=op.f('ck_certificate_kind')),
    sa.ForeignKeyConstraint(['firm_id'], ['firm.id'], name=op.f('fk_certificate_firm_id_firm')),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_certificate_member_id_member')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_certificate_plan_id_plan')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificate')),
    sa.UniqueConstraint('code', name=op.f('uq_certificate_code'))
    )
    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_certificate_firm_id'), ['firm_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificate_member_id'), ['member_id'], unique=False)

    op.create_table('coaching_log',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('plan_id', sa.Integer(), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('firm_id', sa.Integer(), nullable=False),
    sa.Column('held_on', sa.Date(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('about', sa.String(length=2000), nullable=False),
    sa.Column('next_step', sa.String(length=500), nullable=False),
    sa.Column('next_on', sa.Date(), nullable=True),
    sa.Column('next_done_on', sa.Date(), nullable=True),
    sa.Column('corrects_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['corrects_id'], ['coaching_log.id'], name=op.f('fk_coaching_log_corrects_id_coaching_log')),
    sa.ForeignKeyConstraint(['firm_id'], ['firm.id'], name=op.f('fk_coaching_log_firm_id_firm')),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_coaching_log_member_id_member')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_coaching_log_plan_id_plan')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_coaching_log'))
    )
    with op.batch_alter_table('coaching_log', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_coaching_log_firm_id'), ['firm_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_coaching_log_member_id'), ['member_id'], unique=False)

    op.create_table('diagnostic',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('plan_id', sa.Integer(), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('firm_id', sa.Integer(), nullable=False),
    sa.Column('moment', sa.String(length=10), nullable=False),
    sa.Column('marks', sa.JSON(), nullable=False),
    sa.Column('note', sa.String(length=1000), nullable=False),
    sa.Column('taken_on', sa.Date(), nullable=False),
    sa.Column('recorded_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.Integer(), nullable=True),
    sa.CheckConstraint("moment IN ('start', 'month_18', 'end')", name=op.f('ck_diagnostic_moment')),
    sa.ForeignKeyConstraint(['firm_id'], ['firm.id'], name=op.f('fk_diagnostic_firm_id_firm')),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_diagnostic_member_id_member')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_diagnostic_plan_id_plan')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_diagnostic'))
    )
    with op.batch_alter_table('diagnostic', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_diagnostic_firm_id'), ['firm_id'], unique=False)
        batch_op.create_index('ix_diagnostic_member_moment', ['member_id', 'moment', 'id'], unique=False)

    op.create_table('member_pause',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('firm_id', sa.Integer(), nullable=False),
    sa.Column('change_id', sa.Integer(), nullable=True),
    sa.Column('from_on', sa.Date(), nullable=False),
    sa.Column('until_on', sa.Date(), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('recorded_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['change_id'], ['date_change.id'], name=op.f('fk_member_pause_change_id_date_change')),
    sa.ForeignKeyConstraint(['firm_id'], ['firm.id'], name=op.f('fk_member_pause_firm_id_firm')),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_member_pause_member_id_member')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_member_pause'))
    )
    with op.batch_alter_table('member_pause', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_member_pause_firm_id'), ['firm_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_member_pause_member_id'), ['member_id'], unique=False)

    op.create_table('session_invitation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('firm_id', sa.Integer(), nullable=False),
    sa.Column('answer', sa.String(length=8), nullable=False),
    sa.Column('invited_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('answered_at', cohort.kit.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('answered_by', sa.Integer(), nullable=True),
    sa.CheckConstraint("answer IN ('waiting', 'yes', 'no')", name=op.f('ck_session_invitation_answer')),
    sa.ForeignKeyConstraint(['firm_id'], ['firm.id'], name=op.f('fk_session_invitation_firm_id_firm')),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_session_invitation_member_id_member')),
    sa.ForeignKeyConstraint(['session_id'], ['training_session.id'], name=op.f('fk_session_invitation_session_id_training_session')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_session_invitation')),
    sa.UniqueConstraint('session_id', 'member_id', name=op.f('uq_session_invitation_session_id_member_id'))
    )
    with op.batch_alter_table('session_invitation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_session_invitation_firm_id'), ['firm_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_session_invitation_member_id'), ['member_id'], unique=False)

    with op.batch_alter_table('template_milestone', schema=None) as batch_op:
        batch_op.add_column(sa.Column('anchor', sa.String(length=10), server_default='enrolment', nullable=False))
        batch_op.add_column(sa.Column('anchor_number', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('unit', sa.String(length=6), server_default='days', nullable=False))
        batch_op.add_column(sa.Column('countries', sa.JSON(), server_default='[]', nullable=False))
        batch_op.create_check_constraint(op.f('ck_template_milestone_anchor'), "anchor IN ('enrolment','plan','milestone')")
        batch_op.create_check_constraint(op.f('ck_template_milestone_unit'), "unit IN ('days','months')")


def downgrade() -> None:
    with op.batch_alter_table('template_milestone', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_template_milestone_unit'), type_='check')
        batch_op.drop_constraint(op.f('ck_template_milestone_anchor'), type_='check')
        batch_op.drop_column('countries')
        batch_op.drop_column('unit')
        batch_op.drop_column('anchor_number')
        batch_op.drop_column('anchor')

    with op.batch_alter_table('session_invitation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_session_invitation_member_id'))
        batch_op.drop_index(batch_op.f('ix_session_invitation_firm_id'))

    op.drop_table('session_invitation')
    with op.batch_alter_table('member_pause', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_member_pause_member_id'))
        batch_op.drop_index(batch_op.f('ix_member_pause_firm_id'))

    op.drop_table('member_pause')
    with op.batch_alter_table('diagnostic', schema=None) as batch_op:
        batch_op.drop_index('ix_diagnostic_member_moment')
        batch_op.drop_index(batch_op.f('ix_diagnostic_firm_id'))

    op.drop_table('diagnostic')
    with op.batch_alter_table('coaching_log', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_coaching_log_member_id'))
        batch_op.drop_index(batch_op.f('ix_coaching_log_firm_id'))

    op.drop_table('coaching_log')
    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_certificate_member_id'))
        batch_op.drop_index(batch_op.f('ix_certificate_firm_id'))

    op.drop_table('certificate')
    with op.batch_alter_table('attendance', schema=None) as batch_op:
        batch_op.drop_index('ix_attendance_session_member')
        batch_op.drop_index(batch_op.f('ix_attendance_member_id'))
        batch_op.drop_index(batch_op.f('ix_attendance_firm_id'))

    op.drop_table('attendance')
    with op.batch_alter_table('training_session', schema=None) as batch_op:
        batch_op.drop_index('ix_training_session_plan_starts')

    op.drop_table('training_session')
    op.drop_table('snooze')
    with op.batch_alter_table('date_change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_date_change_plan_id'))

    op.drop_table('date_change')
    with op.batch_alter_table('calendar_feed', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_calendar_feed_person_id'))

    op.drop_table('calendar_feed')
