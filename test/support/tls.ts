export { CERT, KEY } from "../bench/peers/certificate.ts";
