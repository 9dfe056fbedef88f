/*
 * A link as a QR code (ISO/IEC 18004: bytes, level M). Made here and not fetched, for a link with its key must not reach
 * the server.
 */

/* Of versions 1 to 12 at level M: how many blocks, and how many check bytes in each. */
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8];
const CHECKS = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22];
const LEVEL_M = 0;

/* GF(256) as Reed and Solomon need it, over x^8 + x^4 + x^3 + x^2 + 1. */
const EXP = new Uint8Array(255);
const LOG = new Uint8Array(256);
for (let n = 0, x = 1; n < 255; n++) {
	EXP[n] = x;
	LOG[x] = n;
	x = x << 1 ^ (x & 0x80 ? 0x11d : 0);
}
const times = (a: number, b: number) => a && b ? EXP[(LOG[a] + LOG[b]) % 255] : 0;

/** The remainder by (x - 1)(x - 2)(x - 4)...: as many check bytes as that has factors. */
function checkBytes(data: number[], count: number): number[] {
	let generator = [1];

	for (let n = 0; n < count; n++)
		generator = [...generator, 0].map((one, i) => one ^ times(generator[i - 1] ?? 0, EXP[n]));
	const rest = [...data, ...new Array<number>(count).fill(0)];
	for (let i = 0; i < data.length; i++) {
		const factor = rest[i];
		generator.forEach((one, k) => {
			rest[i + k] ^= times(one, factor);
		});
	}
	return rest.slice(data.length);
}

const sizeOf = (version: number) => 17 + 4 * version;

/* Where the little squares sit, along both sides. */
function alignments(version: number): number[] {
	const last = sizeOf(version) - 7;

	return version < 2 ? [] : version < 7 ? [6, last] : [6, last - 2 * Math.ceil((last - 6) / 4), last];
}

/* How many bytes there is room for, check bytes and all. */
function bytesIn(version: number): number {
	const size = sizeOf(version);
	const n = alignments(version).length;
	const squares = n && 25 * (n * n - 3) - 2 * 5 * (n - 2);	/* some lie on the dotted lines */

	return size * size - 3 * 64 - 31 - 2 * (size - 16) - squares - (version < 7 ? 0 : 36) >> 3;
}

const roomIn = (version: number) => bytesIn(version) - BLOCKS[version - 1] * CHECKS[version - 1];

/** What is written: the head, the text, filled up, in blocks that take turns. null: too long. */
function codewords(text: Uint8Array): { version: number; words: number[] } | null {
	const version = BLOCKS.findIndex((_, n) => text.length + (n < 9 ? 2 : 3) <= roomIn(n + 1)) + 1;

	if (!version)
		return null;
	const bits = [[4, 4], [text.length, version < 10 ? 8 : 16], ...[...text].map((one) => [one, 8]), [0, 4]]
		.map(([value, width]) => value.toString(2).padStart(width, '0')).join('');
	const data = [...bits.matchAll(/.{1,8}/g)].map(([byte]) => parseInt(byte.padEnd(8, '0'), 2));
	for (let n = 0; data.length < roomIn(version); n++)
		data.push(n % 2 ? 0x11 : 0xec);

	const count = BLOCKS[version - 1];
	const short = Math.floor(data.length / count);
	const longer = data.length % count;		/* so many at the end have one more */
	const blocks = Array.from({ length: count }, (_, n) => {
		const from = n * short + Math.max(0, n - (count - longer));
		return data.slice(from, from + short + (n < count - longer ? 0 : 1));
	});
	const checks = blocks.map((block) => checkBytes(block, CHECKS[version - 1]));
	const inTurns = (all: number[][]) =>
		Array.from({ length: Math.max(...all.map((one) => one.length)) }, (_, i) => all.flatMap((one) => one[i] ?? [])).flat();

	return { version, words: [...inTurns(blocks), ...inTurns(checks)] };
}

type Grid = (boolean | undefined)[][];		/* undefined: nothing is there yet */

/* A code of so many bits whose remainder by the polynomial stands behind them. */
function guarded(value: number, polynomial: number, bits: number): number {
	let rest = value << bits;

	for (let n = 31 - Math.clz32(rest); n >= bits; n = 31 - Math.clz32(rest))
		rest ^= polynomial << n - bits;
	return value << bits | rest;
}

/* The squares that every code of this version has; what tells level and mask is left free. */
function frame(version: number): Grid {
	const size = sizeOf(version);
	const grid: Grid = Array.from({ length: size }, () => new Array(size).fill(undefined));
	const rings = (x: number, y: number, reach: number, dark: (ring: number) => boolean) => {
		for (let dy = -reach; dy <= reach; dy++)
			for (let dx = -reach; dx <= reach; dx++)
				if (grid[y + dy] && x + dx >= 0 && x + dx < size)
					grid[y + dy][x + dx] = dark(Math.max(Math.abs(dx), Math.abs(dy)));
	};
	const places = alignments(version);

	for (const y of places)
		for (const x of places)
			if (Math.min(x, y) > 6 || ![6, size - 7].includes(Math.max(x, y)))	/* three corners are taken */
				rings(x, y, 2, (ring) => ring !== 1);
	for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]])
		rings(x, y, 4, (ring) => ring !== 2 && ring !== 4);
	for (let n = 8; n < size - 8; n++)
		grid[6][n] = grid[n][6] = n % 2 === 0;
	if (version >= 7) {
		const code = guarded(version, 0x1f25, 12);
		for (let n = 0; n < 18; n++) {
			const [a, b] = [size - 11 + n % 3, Math.floor(n / 3)];
			grid[a][b] = grid[b][a] = (code >> n & 1) === 1;
		}
	}
	return grid;
}

function tell(grid: Grid, mask: number): void {
	const size = grid.length;
	const code = guarded(LEVEL_M << 3 | mask, 0x537, 10) ^ 0x5412;

	for (let n = 0; n < 15; n++) {
		const dark = (code >> n & 1) === 1;

		grid[n < 6 ? n : n < 8 ? n + 1 : size - 15 + n][8] = dark;
		grid[8][n < 8 ? size - 1 - n : n < 9 ? 7 : 14 - n] = dark;
	}
	grid[size - 8][8] = true;
}

const MASKS: ((x: number, y: number) => number)[] = [
	(x, y) => (x + y) % 2,
	(_, y) => y % 2,
	(x) => x % 3,
	(x, y) => (x + y) % 3,
	(x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
	(x, y) => x * y % 2 + x * y % 3,
	(x, y) => (x * y % 2 + x * y % 3) % 2,
	(x, y) => ((x + y) % 2 + x * y % 3) % 2,
];

/* Two columns at a time, from the right, up and down in turns, wherever nothing is yet. */
function* way(size: number): Generator<[number, number]> {
	for (let right = size - 1, up = true; right > 0; right -= right === 8 ? 3 : 2, up = !up)
		for (let n = 0; n < size; n++)
			for (const x of [right, right - 1])
				yield [x, up ? size - 1 - n : n];
}

function drawn(version: number, words: number[], mask: number): boolean[][] {
	const grid = frame(version);
	const size = grid.length;
	let n = 0;

	tell(grid, mask);
	for (const [x, y] of way(size))
		if (grid[y][x] === undefined) {
			const dark = (words[n >> 3] ?? 0) >> 7 - (n & 7) & 1;
			n++;
			grid[y][x] = dark === 1 !== (MASKS[mask](x, y) === 0);
		}
	return grid as boolean[][];
}

/* How hard it is on a camera: long runs, blocks, what looks like a corner, and too much of one shade. */
function burden(grid: boolean[][]): number {
	const lines = [...grid, ...grid.map((_, x) => grid.map((row) => row[x]))].map((line) => line.map(Number).join(''));
	const dark = grid.flat().filter(Boolean).length / grid.length ** 2;
	let sum = 10 * Math.floor(Math.abs(dark * 100 - 50) / 5);

	for (const line of lines) {
		for (const [run] of line.matchAll(/0{5,}|1{5,}/g))
			sum += run.length - 2;
		sum += 40 * ([...line.matchAll(/(?=00001011101)/g)].length + [...line.matchAll(/(?=10111010000)/g)].length);
	}
	for (let y = 1; y < grid.length; y++)
		for (let x = 1; x < grid.length; x++)
			if (grid[y][x] === grid[y - 1][x] && grid[y][x] === grid[y][x - 1] && grid[y][x] === grid[y - 1][x - 1])
				sum += 3;
	return sum;
}

/** Rows of dark squares, without the quiet margin of four; null: the text is too long for a code that phones like. */
export function qrOf(text: string): boolean[][] | null {
	const coded = codewords(new TextEncoder().encode(text));

	if (!coded)
		return null;
	const all = MASKS.map((_, mask) => drawn(coded.version, coded.words, mask));
	const burdens = all.map(burden);
	return all[burdens.indexOf(Math.min(...burdens))];
}
