/*
 * Who begins in DTLS. The first answer settles it for as long as a connection lives; but every later offer, of a restart of
 * ICE say, asks again (actpass), and Firefox answers "I" though it did not (bugzilla 1240897). Chromium takes no such answer,
 * and Firefox, which believes itself, hears nothing any more. So no offer but the first leaves it open: neither one that we
 * send, for he may be an older page, nor one that we hear.
 */
export type DtlsRole = 'active' | 'passive';

const OTHER = { active: 'passive', passive: 'active' } as const;

/** Is this an offer on a connection that was agreed on before? (An older page does not say.) */
export function settlesRole(offer: string): boolean {
	return /^a=setup:(active|passive)\b/m.test(offer);
}

/** Of each side, as the last answer has it; null before the first. */
export function dtlsRoles(pc: RTCPeerConnection): { ours: DtlsRole; theirs: DtlsRole } | null {
	const { currentLocalDescription: local, currentRemoteDescription: remote } = pc;
	const answer = local?.type === 'answer' ? local : remote;
	const role = answer?.type === 'answer' && /^a=setup:(active|passive)\b/m.exec(answer.sdp)?.[1] as DtlsRole | undefined;

	if (!role)
		return null;
	return answer === local ? { ours: role, theirs: OTHER[role] } : { ours: OTHER[role], theirs: role };
}

/** The description's text with this role in every line that names one. */
export function inDtlsRole(sdp: string, role: DtlsRole | undefined): string {
	return role ? sdp.replace(/^a=setup:\w+/gm, `a=setup:${role}`) : sdp;
}
