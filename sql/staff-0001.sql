-- What opens the accounts of the practice's staff. Who they are, and what they may, is
-- told by the facts of the ledger; here are only names and the hashes of secrets.

-- Hashed by yescrypt.
CREATE TABLE password (
	name TEXT PRIMARY KEY,
	hash TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One-time links that were not used yet: SHA-256 of 128 random bits.
CREATE TABLE link (
	name TEXT PRIMARY KEY,
	hash BLOB NOT NULL CHECK (length(hash) = 32),
	expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who is signed in: the same.
CREATE TABLE session (
	hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
	name TEXT NOT NULL,
	made_at INTEGER NOT NULL,
	used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
