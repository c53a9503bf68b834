import sqlalchemy as sa
from alembic import op

revision = "a2"
down_revision = "a1"


def upgrade():
    op.add_column("orders", sa.Column("c2", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()")))
    orders = sa.table("orders", sa.column("c2"), sa.column("note"))
    op.execute(orders.update().where(orders.c.note != "c2").values(c2=sa.func.now()))
