from alembic import op

revision = "a4"
down_revision = "a3"


def upgrade():
    op.create_check_constraint("c4", "orders", "id > 0")
