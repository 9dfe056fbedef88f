/**
 * The bystanders: two people in a meeting of their own, to whom nothing may happen
 * whatever others do to the server.
 */
import assert from 'node:assert/strict';

import { visit } from './voice.mjs';

/* A person notices more than this; a machine under load stays below. */
const PATIENT_MS = 2000;

export class Bystanders {
	static async of(server)
	{
		const them = new Bystanders();

		them.server = server;
		them.pid = server.pid;
		them.pair = await visit(server);
		return them;
	}

	/** How long a signal takes there and back, in ms. */
	async latency()
	{
		const { doctor, patient } = this.pair;

		return await this.#inTurn(async () =>
			await doctor.signals(patient) + await patient.signals(doctor));
	}

	/* Several tests ask at once: one question at a time on the stage. */
	#turn = Promise.resolve();

	#inTurn(act)
	{
		const mine = this.#turn.then(act);

		this.#turn = mine.catch(() => undefined);
		return mine;
	}

	/** Their visit goes on, new ones can begin, and it is the same process. */
	async areWell()
	{
		const ms = await this.latency();

		assert.ok(ms < PATIENT_MS, `a signal took ${ms} ms`);
		assert.equal((await this.server.post('/api/meetings')).status, 201);
		assert.ok(this.server.alive, this.server.log);
		assert.equal(this.server.pid, this.pid);
	}
}
