// A node server to proxy to: `node upstream.js` prints its port. POST or PUT /digest answers the length and SHA-256 of the body;
// /stream?n=N sends N chunks of text; anything else its request line. It ends when its standard input does.
'use strict';
const http = require('http');
const crypto = require('crypto');

function digest(request, response) {
  const hash = crypto.createHash('sha256');
  let length = 0;
  request.on('data', (piece) => { hash.update(piece); length += piece.length; });
  request.on('end', () => response.end(`${length} ${hash.digest('hex')}\n`));
}

function stream(url, response) {
  const count = Number(url.searchParams.get('n'));
  response.setHeader('Content-Type', 'text/plain');
  for (let i = 0; i < count; ++i) response.write(`piece ${i}\n`);
  response.end();
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://upstream');
  if (url.pathname === '/digest') digest(request, response);
  else if (url.pathname === '/stream') stream(url, response);
  else response.end(`${request.method} ${request.url}\n`);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume().on('end', () => process.exit(0));
