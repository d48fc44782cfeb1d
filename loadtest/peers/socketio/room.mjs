// A chat room as in socket.io's tutorial: io.emit sends each incoming event to all clients.

import { createServer } from "node:http";
import { Server } from "socket.io";

const server = createServer();
const io = new Server(server);

io.on("connection", (socket) => {
  socket.on("say", (message) => {
    io.emit("say", message);
  });
});

server.listen(0, "127.0.0.1", () => {
  const { address, port } = server.address();
  console.error(`the room is open: ws://${address}:${port}`);
});
