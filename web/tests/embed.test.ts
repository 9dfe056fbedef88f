import assert from 'node:assert/strict';
import { test } from 'node:test';
import { embedEvents, parentOrigin } from '../src/embed';

test('the page around hears of each step once', () => {
	assert.deepEqual(embedEvents('join', 'waiting', 'left'), ['waiting']);
	assert.deepEqual(embedEvents('waiting', 'call', 'left'), ['admitted', 'joined']);
	assert.deepEqual(embedEvents('join', 'call', 'left'), ['joined']);
	assert.deepEqual(embedEvents('call', 'call', 'left'), []);
	assert.deepEqual(embedEvents('call', 'ended', 'left'), ['left']);
	for (const reason of ['host', 'api', 'expired'] as const)
		assert.deepEqual(embedEvents('call', 'ended', reason), ['ended']);
	assert.deepEqual(embedEvents('call', 'refused', 'left'), ['left']);
	assert.deepEqual(embedEvents('join', 'refused', 'left'), []);
	assert.deepEqual(embedEvents('ended', 'join', 'left'), []);
});

test('only the page around is told, where the browser says who it is', () => {
	assert.equal(parentOrigin(['https://dashboard.example', 'https://outer.example'], ''), 'https://dashboard.example');
	assert.equal(parentOrigin(undefined, 'https://dashboard.example/'), 'https://dashboard.example');
	assert.equal(parentOrigin([], 'https://dashboard.example/a/b'), 'https://dashboard.example');
	assert.equal(parentOrigin(undefined, ''), '*');
	assert.equal(parentOrigin(['null'], ''), '*');
});
