from alembic import op

revision = "a3"
down_revision = "a2"


def upgrade():
    with op.get_context().autocommit_block():
        op.create_index("orders_c3", "orders", ["c2"], postgresql_concurrently=True)
