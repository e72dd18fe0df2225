"""The log's table, with the trigger that lets rows in and never out again."""

from django.db import migrations, models

_TABLE = """
CREATE TABLE audit_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor_kind varchar(10) NOT NULL,
    actor varchar(80) NOT NULL,
    action varchar(60) NOT NULL,
    about varchar(80) NOT NULL,
    detail jsonb NOT NULL
);
CREATE INDEX audit_entry_by_about ON audit_entry (about, id);
CREATE INDEX audit_entry_by_actor ON audit_entry (actor_kind, actor, id);
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log of changes is append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_append_only;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(
            _TABLE,
            migrations.RunSQL.noop,  # what was logged stays, whatever becomes of the program
            state_operations=[
                migrations.CreateModel(
                    name="Entry",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("at", models.DateTimeField()),
                        ("actor_kind", models.CharField(max_length=10)),
                        ("actor", models.CharField(blank=True, max_length=80)),
                        ("action", models.CharField(max_length=60)),
                        ("about", models.CharField(max_length=80)),
                        ("detail", models.JSONField()),
                    ],
                    options={"db_table": "audit_entry", "managed": False},
                ),
            ],
        ),
    ]
