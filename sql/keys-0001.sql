-- The keys that personal members of facts are sealed with. They live outside the
-- chain, so that deleting one erases what it sealed and the ledger still verifies.

-- The ledger that these keys belong to.
CREATE TABLE meta (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	store BLOB NOT NULL CHECK (length(store) = 16)
) STRICT;

-- `stream` is the seq of the stream's first fact. It rises, so that new keys share a
-- page, and a stolen file of keys alone does not even tell which meetings there are. The
-- one name below zero is the seed: store/seed.h.
CREATE TABLE key (
	stream INTEGER PRIMARY KEY,
	key BLOB NOT NULL CHECK (length(key) = 32)
) STRICT;
