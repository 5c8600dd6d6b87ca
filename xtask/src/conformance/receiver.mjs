// Takes notifications and says of each whether the library verifies it: `verified ID` or `refused WHY`.

import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const hook = new Webhook("whsec_" + Buffer.from(process.argv[2]).toString("base64"));

function verdict(body, headers) {
  try {
    hook.verify(body, headers);
  } catch (error) {
    return `refused ${error}`;
  }
  try {
    hook.verify(body + " ", headers);
    return "refused: a forged body passes";
  } catch {
    return `verified ${headers["webhook-id"]}`;
  }
}

const server = createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    console.log(verdict(Buffer.concat(pieces).toString("utf8"), request.headers));
    response.end();
  });
});
server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}/`));
