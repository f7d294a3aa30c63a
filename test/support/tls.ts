export { CERT, KEY } from "../../src/cli/bench/peers/certificate.ts";
