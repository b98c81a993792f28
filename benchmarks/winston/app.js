// Winston -> JSON lines in a file, at a rate: node app.js RATE SECONDS FILE; prints what benchmarks/app.py prints.
"use strict";
const winston = require("winston");
const crypto = require("node:crypto");

const [rate, seconds] = process.argv.slice(2, 4).map(Number);
const file = process.argv[4];
const logger = winston.createLogger({
  level: "info",
  format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
  defaultMeta: { service: "benchmark" },
  transports: [new winston.transports.File({ filename: file })],
});

let trace = "";
let span = "";
function log(number) {
  if (number % 10 === 0) {
    trace = crypto.randomBytes(16).toString("hex");
    span = crypto.randomBytes(8).toString("hex");
  }
  logger.info(`order ${number} was created`, {
    logger: "orders.api",
    traceId: trace,
    spanId: span,
    correlationId: trace,
    "code.file.path": __filename,
    "code.line.number": 27,
    "code.function.name": "log",
    orderId: `o-${number}`,
    amount: number % 500,
  });
}

for (let number = 0; number < 200; number++) log(number);
const took = [];
let cpu;
let began;
let tick = 0;
let number = 0;

function burst() {
  const due = Math.floor(rate * 0.005 * (tick + 1)) - Math.floor(rate * 0.005 * tick);
  tick += 1;
  for (let index = 0; index < due; index++) {
    const before = process.hrtime.bigint();
    log(number++);
    took.push(Number(process.hrtime.bigint() - before));
  }
  const now = performance.now();
  if (now - began >= seconds * 1000) {
    const rateSeen = (took.length / (now - began)) * 1000;
    logger.on("finish", () => setTimeout(() => report(rateSeen), 200));
    logger.end();
  } else {
    setTimeout(burst, Math.max(0, began + tick * 5 - now));
  }
}

function report(rateSeen) {
  const used = process.cpuUsage(cpu);
  took.sort((a, b) => a - b);
  const quantile = (share) => Number((took[Math.floor(took.length * share)] / 1000).toFixed(2));
  const count = took.length;
  console.log(
    JSON.stringify({
      peer: "winston",
      records: count + 200,
      rate: Math.round(rateSeen),
      p50: quantile(0.5),
      p99: quantile(0.99),
      p999: quantile(0.999),
      cpu: Number(((used.user + used.system) / count).toFixed(2)),
      rss_mb: Math.round(process.resourceUsage().maxRSS / 1024),
      rss_growth_mb: null,
    }),
  );
}

setTimeout(() => {
  cpu = process.cpuUsage();
  began = performance.now();
  burst();
}, 300);
