// What the operator sets, read once; a missing value stops the start with one line.

function required(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set`);
    process.exit(2);
  }
  return value;
}

export const config = {
  databaseUrl: required("DATABASE_URL"),
  jwtSecret: required("JWT_SECRET"),
  port: Number(process.env.PORT ?? 3000),
  poolSize: 10,
  // Writes each event in the order's own transaction, so that none is lost between COMMIT and sending.
  withOutbox: process.argv.includes("--with-outbox"),
};
