// A stand-in for the image's API: it changes files of the site as Claude's tools do, by replacing a text that is there once, or by writing
// a whole file.
//
//	POST /api/edits {"file": "src/pages/index.astro", "find": "old", "replace": "new"}
//	PUT  /api/files/src/pages/new.astro     the body is the file
//	GET  /api/files/src/pages/index.astro
import { createServer } from 'node:http';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const [host, port] = process.argv.slice(2);
const root = process.cwd();
const most = 1 << 20;

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// inside is a path of the site's sources.
function inside(name) {
  const file = path.resolve(root, name);
  if (!file.startsWith(path.join(root, 'src') + path.sep)) throw new Refused(400, `${name} is not below src/`);
  return file;
}

async function body(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > most) throw new Refused(413, 'a file has up to 1 MB');
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

// write replaces a file by one beside it, as Claude Code (2.1.100) does. One that is written in place is emptied first, which may be told of apart,
// and Astro loads a page again for a change that changes nothing.
async function write(name, content) {
  const beside = `${name}.tmp.${process.pid}.${Date.now()}`;
  try {
    await writeFile(beside, content, { flush: true });
    await rename(beside, name);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

async function edit(request) {
  let order;
  try {
    order = JSON.parse(await body(request));
  } catch {
    throw new Refused(400, 'expected {"file": ..., "find": ..., "replace": ...}');
  }
  const { file, find, replace } = order;
  if (![file, find, replace].every((text) => typeof text === 'string') || find === '') {
    throw new Refused(400, 'expected {"file": ..., "find": ..., "replace": ...}');
  }
  const content = await readFile(inside(file), 'utf8');
  const parts = content.split(find);
  if (parts.length !== 2) throw new Refused(409, `${file} has the text ${parts.length - 1} times; expected it once`);
  await write(inside(file), parts.join(replace));
  return { file };
}

async function answer(request) {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (request.method === 'POST' && pathname === '/api/edits') return edit(request);
  const file = decodeURIComponent(pathname.replace(/^\/api\/files\//, '\0'));
  if (!file.startsWith('\0')) throw new Refused(404, `there is no ${pathname}`);
  const name = inside(file.slice(1));
  if (request.method === 'GET') return { file: file.slice(1), content: await readFile(name, 'utf8') };
  if (request.method !== 'PUT') throw new Refused(405, 'expected GET or PUT');
  const content = await body(request);
  await mkdir(path.dirname(name), { recursive: true });
  await write(name, content);
  return { file: file.slice(1) };
}

const server = createServer(async (request, response) => {
  let status = 200;
  let out;
  try {
    out = await answer(request);
  } catch (error) {
    status = error.status ?? (error.code === 'ENOENT' ? 404 : 500);
    out = { error: error.message };
  }
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(out) + '\n');
});
server.listen(Number(port), host);
process.once('SIGTERM', () => server.close());
