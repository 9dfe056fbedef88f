/* A calendar file whose link carries the key. The server makes it without; the key is put in here. */

const LINE = 75;	/* bytes, of RFC 5545 */

/* A line that is too long goes on in the next one, behind a space. No letter is torn. */
function fold(line: string): string {
	const size = (text: string) => new TextEncoder().encode(text).length;
	let folded = '';
	let now = '';

	for (const letter of line) {
		if (size(now + letter) > LINE) {
			folded += `${now}\r\n`;
			now = ' ';
		}
		now += letter;
	}
	return folded + now;
}

/** file: as the server made it. from, to: the link without and with its key. */
export function withLink(file: string, from: string, to: string): string {
	return file
		.replace(/\r?\n[ \t]/g, '')
		.split(/\r?\n/)
		.map((line) => fold(line.split(from).join(to)))
		.join('\r\n');
}
