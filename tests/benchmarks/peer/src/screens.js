// The screens: who may be in which room, and what is sent there.

import { Server } from "socket.io";

import { staffOf } from "./auth.js";

const MAY_JOIN = {
  kitchen: ["kitchen", "manager", "owner"],
  waiters: ["waiter", "manager", "owner"],
};
const OPEN_TO_STAFF = /^(orders|table:\d{1,9}|order:\d{1,9})$/;

const isAllowed = (staff, room) =>
  typeof room === "string" &&
  (Object.hasOwn(MAY_JOIN, room) ? MAY_JOIN[room].includes(staff.role) : OPEN_TO_STAFF.test(room));

export class Screens {
  constructor(server) {
    this.io = new Server(server, {
      transports: ["websocket"],
      serveClient: false,
      perMessageDeflate: false,
      httpCompression: false,
      maxHttpBufferSize: 64 * 1024,
    });
    this.io.use(async (socket, next) => {
      try {
        socket.data.staff = await staffOf(socket.handshake.auth.token);
        next();
      } catch (error) {
        next(error);
      }
    });
    this.io.on("connection", (socket) => this.welcome(socket));
  }

  // A screen names its rooms as it signs in, or joins them later.
  welcome(socket) {
    const { staff } = socket.data;
    const join = (room) => {
      if (!isAllowed(staff, room)) {
        socket.emit("refused", room);
        return;
      }
      socket.join(`${staff.restaurant_id}:${room}`);
      socket.emit("joined", room);
    };
    socket.on("join", join);
    const { rooms } = socket.handshake.auth;
    if (Array.isArray(rooms)) rooms.slice(0, 100).forEach(join);
  }

  tell({ restaurantId, type, rooms, event }) {
    this.io.to(rooms.map((room) => `${restaurantId}:${room}`)).emit(type, event);
  }

  close() {
    return this.io.close();
  }
}
