// A node client with a keep-alive agent: `node agent.js PORT PREFIX` asks 200 times over at most five connections, posts 1 MB and leaves one
// download in the middle. Prints what happened as JSON.
'use strict';
const http = require('http');
const port = Number(process.argv[2]);
const prefix = process.argv[3];
const agent = new http.Agent({ keepAlive: true, maxSockets: 5 });
const sockets = new Set();
const seen = { answers: 0, wrong: 0, sockets: 0, upload: '', aborted: false, after: '' };

function ask(options, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, agent, ...options, path: prefix + options.path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => { text += piece; }).on('end', () => resolve(text)).on('error', reject);
    });
    request.on('socket', (socket) => sockets.add(socket)).on('error', reject).end(body);
  });
}

function leave() {
  return new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, path: `${prefix}/stream?n=200000`, agent: false }, (response) => {
      response.once('data', () => { request.destroy(); seen.aborted = true; resolve(); });
    });
    request.on('error', () => {});
  });
}

async function main() {
  const asked = Array.from({ length: 200 }, async (_, i) => {
    if (await ask({ path: `/n/${i}` }) === `GET /n/${i}\n`) ++seen.answers;
    else ++seen.wrong;
  });
  await Promise.all(asked);
  seen.sockets = sockets.size;
  seen.upload = await ask({ path: '/digest', method: 'POST' }, Buffer.alloc(1 << 20, 'a'));
  await leave();
  seen.after = await ask({ path: '/after' });
  agent.destroy();
  console.log(JSON.stringify(seen));
}
main().catch((error) => { console.log(JSON.stringify({ ...seen, error: String(error) })); process.exit(1); });
