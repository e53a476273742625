"""quality control, rule sets and policies"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "lab_0004"
down_revision = "lab_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "qc_lot",
        sa.Column("lot_id", sa.Text, nullable=False),
        sa.Column("laboratory_id", sa.Text, nullable=False),
        sa.Column("lot", sa.Text, nullable=False),
        sa.Column("material", sa.Text, nullable=False),
        sa.Column("expires_on", sa.Date),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("closed_by", sa.Text),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("lot_id", name="pk_qc_lot"),
        sa.UniqueConstraint("laboratory_id", "lot", name="uq_qc_lot_laboratory_id_lot"),
        schema="lab",
    )
    op.create_table(
        "qc_level",
        sa.Column("lot_id", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["lot_id"], ["lab.qc_lot.lot_id"], name="fk_qc_level_lot_id_qc_lot"),
        sa.PrimaryKeyConstraint("lot_id", "level", name="pk_qc_level"),
        schema="lab",
    )
    op.create_table(
        "qc_target",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("lot_id", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("analyzer", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("mean", sa.Numeric, nullable=False),
        sa.Column("sd", sa.Numeric, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(["lot_id"], ["lab.qc_lot.lot_id"], name="fk_qc_target_lot_id_qc_lot"),
        sa.PrimaryKeyConstraint("id", name="pk_qc_target"),
        schema="lab",
    )
    op.create_index("ix_qc_target_of", "qc_target", ["lot_id", "level", "analyzer", "item", "id"], schema="lab")
    op.create_table(
        "qc_run",
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("laboratory_id", sa.Text, nullable=False),
        sa.Column("analyzer", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("lot_id", sa.Text, nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("restarts", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("violations", JSONB, server_default="[]", nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lab.qc_lot.lot_id"], name="fk_qc_run_lot_id_qc_lot"),
        sa.PrimaryKeyConstraint("run_id", name="pk_qc_run"),
        schema="lab",
    )
    op.create_index(
        "ix_qc_run_blocking",
        "qc_run",
        ["laboratory_id", "analyzer", "item"],
        schema="lab",
        postgresql_where=sa.text("state = 'rejected'"),
    )
    op.create_index("ix_qc_run_of", "qc_run", ["laboratory_id", "analyzer", "item", "run_id"], schema="lab")
    op.create_table(
        "qc_point",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("value", sa.Numeric, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("target_id", sa.BigInteger, nullable=False),
        sa.Column("z", sa.Numeric, nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("group_number", sa.Integer, nullable=False),
        sa.Column("line_number", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["lab.message.message_id"], name="fk_qc_point_message_id_message"),
        sa.ForeignKeyConstraint(["run_id"], ["lab.qc_run.run_id"], name="fk_qc_point_run_id_qc_run"),
        sa.ForeignKeyConstraint(["target_id"], ["lab.qc_target.id"], name="fk_qc_point_target_id_qc_target"),
        sa.PrimaryKeyConstraint("id", name="pk_qc_point"),
        sa.UniqueConstraint(
            "message_id", "group_number", "line_number", name="uq_qc_point_message_id_group_number_line_number"
        ),
        schema="lab",
    )
    op.create_index("ix_qc_point_run_id", "qc_point", ["run_id"], schema="lab")
    op.create_table(
        "qc_action",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, server_default="", nullable=False),
        sa.Column("restarts", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("account_name", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["lab.qc_run.run_id"], name="fk_qc_action_run_id_qc_run"),
        sa.PrimaryKeyConstraint("id", name="pk_qc_action"),
        schema="lab",
    )
    op.create_index("ix_qc_action_run_id", "qc_action", ["run_id"], schema="lab")
    op.create_table(
        "eqa_result",
        sa.Column("eqa_id", sa.Text, nullable=False),
        sa.Column("laboratory_id", sa.Text, nullable=False),
        sa.Column("scheme", sa.Text, nullable=False),
        sa.Column("round", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("value", sa.Numeric),
        sa.Column("target", sa.Numeric),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by", sa.Text, nullable=False),
        sa.Column(
            "entered_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("eqa_id", name="pk_eqa_result"),
        sa.UniqueConstraint(
            "laboratory_id", "scheme", "round", "item", name="uq_eqa_result_laboratory_id_scheme_round_item"
        ),
        schema="lab",
    )
    op.create_table(
        "rule_set_state",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("laboratory_id", sa.Text, nullable=False),
        sa.Column("rule_set", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("cases_passed", sa.Integer, nullable=False),
        sa.Column("switched_by", sa.Text, nullable=False),
        sa.Column("switched_by_name", sa.Text, nullable=False),
        sa.Column(
            "holds_from", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column(
            "switched_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rule_set_state"),
        schema="lab",
    )
    op.create_index("ix_rule_set_state_laboratory_id", "rule_set_state", ["laboratory_id", "id"], schema="lab")
    op.create_table(
        "policy",
        sa.Column("laboratory_id", sa.Text, nullable=False),
        sa.Column("releases_alone", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("authorized_by", sa.Text),
        sa.Column("authorized_by_name", sa.Text),
        sa.Column("authorized_at", sa.DateTime(timezone=True)),
        sa.Column("numbers", JSONB, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("laboratory_id", name="pk_policy"),
        schema="lab",
    )
