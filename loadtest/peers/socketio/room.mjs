// A chat room as the tutorial of socket.io writes it: an event comes in, and io.emit tells it everybody.

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
