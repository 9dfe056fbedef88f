/**
 * A power cut, played on the log of faultio.c: what the disk may hold when the power
 * goes after any of its records. What was synced is there. Of what was written since,
 * all, nothing, any part, or torn sectors of 512 bytes.
 */
import fs from 'node:fs';
import path from 'node:path';

const SECTOR = 512;

/** The records of the log: { what, path, offset, bytes }. */
export function records(file)
{
	const log = fs.readFileSync(file);
	const all = [];

	for (let at = 0; at < log.length;) {
		const what = String.fromCharCode(log[at]);
		const offset = Number(log.readBigUInt64LE(at + 1));
		const size = log.readUInt32LE(at + 9);
		const name = log.readUInt16LE(at + 13);
		const start = at + 15 + name;

		all.push({ what, offset, path: log.toString('utf8', at + 15, start),
			bytes: log.subarray(start, start + size) });
		at = start + size;
	}
	return all;
}

/** The bytes of a file; grows by doubling, for logs are long. */
class Content {
	constructor(bytes = Buffer.alloc(0))
	{
		this.buffer = Buffer.from(bytes);
		this.length = bytes.length;
	}

	get bytes()
	{
		return this.buffer.subarray(0, this.length);
	}

	apply({ what, offset, bytes })
	{
		const end = what == 't' ? offset : Math.max(this.length, offset + bytes.length);

		if (end > this.buffer.length) {
			const next = Buffer.alloc(Math.max(end, 2 * this.buffer.length));

			this.bytes.copy(next);
			this.buffer = next;
		}
		if (what == 't')
			this.buffer.fill(0, Math.min(end, this.length), this.length);
		else
			bytes.copy(this.buffer, offset);
		this.length = end;
	}
}

/** One file: what is safe, and what was done to it since. */
class Shadow {
	safe = new Content();
	loose = [];

	sync()
	{
		for (const piece of this.loose)
			this.safe.apply(piece);
		this.loose = [];
	}

	/** chance: of each loose piece to have reached the disk; torn: by sectors. */
	remains(chance, torn)
	{
		const content = new Content(this.safe.bytes);

		for (const piece of this.loose) {
			if (piece.what == 't' || !torn) {
				if (Math.random() < chance)
					content.apply(piece);
				continue;
			}
			for (let at = 0; at < piece.bytes.length; at += SECTOR)
				if (Math.random() < chance)
					content.apply({ what: 'w', offset: piece.offset + at,
						bytes: piece.bytes.subarray(at, at + SECTOR) });
		}
		return content.bytes;
	}
}

export const WAYS = [
	{ chance: 0, torn: false },	/* nothing of it */
	{ chance: 1, torn: false },	/* all, only not promised */
	{ chance: 0.5, torn: false },	/* any order */
	{ chance: 0.5, torn: true },	/* torn pages */
];

/**
 * The names in the folder. A journaling file system keeps what happened to names in
 * order: after a cut some beginning of it is there. The sync of the folder makes all of
 * it safe, the sync of a file what happened up to the making of that file.
 */
class Names {
	now = new Map();	/* as the process sees it */
	safe = new Map();
	loose = [];

	static #apply(names, { what, name, to, shadow })
	{
		if (what == 'o' || what == 'l')
			names.set(to ?? name, shadow);
		else if (what == 'm')
			names.set(to, shadow).delete(name);
		else
			names.delete(name);
	}

	happened(what, name, to)
	{
		const shadow = what == 'o' ? new Shadow() : this.now.get(name);
		const step = { what, name, to, shadow };

		Names.#apply(this.now, step);
		this.loose.push(step);
	}

	sync(steps = this.loose.length)
	{
		for (const step of this.loose.splice(0, steps))
			Names.#apply(this.safe, step);
	}

	syncMaking(shadow)
	{
		this.sync(this.loose.findLastIndex((step) => step.what == 'o' &&
			step.shadow == shadow) + 1);
	}

	/** chance: of the next step to have reached the disk as well. */
	remain(chance)
	{
		while (this.loose.length && Math.random() < chance)
			this.sync(1);
		return this.safe;
	}
}

/**
 * Makes `dir` what the disk may look like when the power goes behind the first `cut`
 * records. from: the folder that the log speaks of; way: one of WAYS.
 *
 * Returns what the outside had been told until then, as texts.
 */
export function play(all, cut, from, dir, way)
{
	const names = new Names();
	const told = [];

	for (const { what, path: name, offset, bytes } of all.slice(0, cut)) {
		const shadow = names.now.get(name);

		if (what == '>')
			told.push(bytes.toString('latin1'));
		else if (what == 's' && name == from)
			names.sync();
		else if (what == 's') {
			shadow.sync();
			names.syncMaking(shadow);
		} else if (what == 'w' || what == 't')
			shadow.loose.push({ what, offset, bytes });
		else
			names.happened(what, name, bytes.length ? bytes.toString() : undefined);
	}
	fs.rmSync(dir, { recursive: true, force: true });
	fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
	for (const [name, shadow] of names.remain(way.chance))
		/* the index of the write-ahead log is memory, and gone with it */
		if (!name.endsWith('-shm'))
			fs.writeFileSync(path.join(dir, path.relative(from, name)),
				shadow.remains(way.chance, way.torn), { mode: 0o600 });
	return told;
}
