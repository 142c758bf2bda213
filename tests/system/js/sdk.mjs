// SPDX-License-Identifier: MIT
//
// Calls the AWS SDK as told on standard input, one line of JSON each, all at the same time:
//     {"id": 1, "client": "sqs", "command": "SendMessage", "input": {...}, "options": {...}}
// and answers with {"id": 1, "output": {...}} or {"id": 1, "error": {...}}. With "paginate": true
// the output is the list of all pages. Ends with its standard input.

import { createInterface } from "node:readline";

import * as autoScaling from "@aws-sdk/client-auto-scaling";
import * as ec2 from "@aws-sdk/client-ec2";
import * as sqs from "@aws-sdk/client-sqs";
import * as sts from "@aws-sdk/client-sts";

const services = {
  "auto-scaling": [autoScaling, "AutoScalingClient"],
  ec2: [ec2, "EC2Client"],
  sqs: [sqs, "SQSClient"],
  sts: [sts, "STSClient"],
};
const clients = new Map();

function clientFor(service, options) {
  const key = JSON.stringify([service, options]);
  if (!clients.has(key)) {
    const [module, name] = services[service];
    clients.set(key, new module[name](options));
  }
  return clients.get(key);
}

async function pagesOf(pages) {
  const found = [];
  for await (const page of pages) {
    found.push(page);
  }
  return found;
}

async function carryOut({ client: service, command, input, options, paginate }) {
  const client = clientFor(service, options);
  const [module] = services[service];
  if (paginate) {
    return pagesOf(module[`paginate${command}`]({ client, pageSize: paginate }, input));
  }
  return client.send(new module[`${command}Command`](input));
}

function describe(error) {
  return {
    name: error.name,
    message: error.message,
    fault: error.$fault,
    status: error.$metadata?.httpStatusCode,
    queryCode: error.Code,
    type: error.constructor.name,
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  carryOut(order)
    .then((output) => ({ id: order.id, output }))
    .catch((error) => ({ id: order.id, error: describe(error) }))
    .then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`));
}
process.exit(0);
