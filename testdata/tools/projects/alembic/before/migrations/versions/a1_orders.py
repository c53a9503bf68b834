import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = None


def upgrade():
    op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text))
    op.execute("INSERT INTO orders SELECT n, n FROM generate_series(1, 500) AS n")
