// The limit of what Node's usual WebSocket library can do: a POST makes one frame, and every socket gets its bytes.

import { createServer } from "node:http";

import { Sender, WebSocketServer } from "ws";

// As long as Brigade's event of an order with three lines.
const FILLING = "x".repeat(1400);

const screens = new WebSocketServer({ noServer: true, perMessageDeflate: false });

function tell(notes) {
  const payload = Buffer.from(JSON.stringify({ type: "order:created", notes, filling: FILLING }));
  const frame = Sender.frame(payload, { opcode: 1, fin: true, mask: false, readOnly: true, rsv1: false });
  const bytes = Buffer.concat(frame);
  for (const screen of screens.clients) screen._socket.write(bytes);
}

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    tell(Buffer.concat(parts).toString());
    response.writeHead(201, { "Content-Type": "application/json" }).end('{"id":0}');
  });
});

server.keepAliveTimeout = 75_000;

server.on("upgrade", (request, socket, head) => {
  screens.handleUpgrade(request, socket, head, (screen) => screen.send('{"type":"ready"}'));
});

process.on("SIGTERM", () => process.exit(0));
server.listen(Number(process.env.PORT), "127.0.0.1", 4096);
