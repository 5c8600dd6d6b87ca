-- Organizations, accounts and users that are managed.

ALTER TABLE organizations ADD COLUMN revoked INTEGER;
ALTER TABLE accounts ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN role INTEGER NOT NULL DEFAULT 0;
-- A revoked secret keeps its digest and is refused; a new one takes its place.
ALTER TABLE users ADD COLUMN revoked INTEGER;

CREATE INDEX accounts_organization ON accounts (organization_id, id);
CREATE INDEX users_account ON users (account_id, id);

-- Whoever came first operates the host.
UPDATE users SET role = 2 WHERE id = (SELECT min(id) FROM users);
