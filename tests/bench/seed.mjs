/**
 * What one would write without Paravent: Express and socket.io, doing what the small
 * video-visit projects do. One route makes a meeting, one reads it, `join-room` enters
 * it, `signal` is relayed to the others in the room.
 *
 * As Paravent does, it has on disk what it says has happened: each meeting and each
 * join is a line of JSON, written and synced before the answer.
 *
 *   node seed.mjs PORT FILE [CERTIFICATE KEY]
 */
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';

import express from 'express';
import { Server } from 'socket.io';

const [port, file, cert, key] = process.argv.slice(2);
const meetings = new Map();
const log = fs.openSync(file, 'a');

function remember(fact)
{
	fs.writeSync(log, `${JSON.stringify({ at: new Date(), ...fact })}\n`);
	fs.fsyncSync(log);
}

const app = express();

app.use(express.json());

app.post('/api/meetings', (request, response) => {
	const meetingId = crypto.randomUUID();
	const meeting = { meetingId, createdAt: new Date(), ...request.body };

	remember({ kind: 'meeting.created', meetingId });
	meetings.set(meetingId, meeting);
	response.status(201).json(meeting);
});

app.get('/api/meetings/:meetingId', (request, response) => {
	const meeting = meetings.get(request.params.meetingId);

	if (meeting)
		response.json(meeting);
	else
		response.status(404).json({ error: 'not found' });
});

const server = cert ? https.createServer({ cert: fs.readFileSync(cert),
	key: fs.readFileSync(key) }, app) : http.createServer(app);
const io = new Server(server);

io.on('connection', (socket) => {
	socket.on('join-room', ({ meetingId, userId }, done) => {
		if (!meetings.has(meetingId)) {
			done({ error: 'not found' });
			return;
		}
		remember({ kind: 'participant.joined', meetingId, userId });
		socket.join(meetingId);
		socket.to(meetingId).emit('user-connected', { userId });
		done({ ok: true });
		socket.on('disconnect', () => {
			socket.to(meetingId).emit('user-disconnected', { userId });
		});
	});
	socket.on('signal', ({ meetingId, data }) => {
		socket.to(meetingId).emit('signal', { from: socket.id, data });
	});
});

server.listen(Number(port), '127.0.0.1');
