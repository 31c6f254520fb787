import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/config.js";
import { addressBehind } from "../../src/http/client-address.js";

const { trustedProxies } = readConfig({ TRUSTED_PROXIES: "127.0.0.1, 10.0.0.0/8, fd00::/8" });
const PROXY = "127.0.0.1";

const behind = (forwarded: string, remote = PROXY) =>
  addressBehind(remote, forwarded, trustedProxies);

/** Returns the forms in which proxies write an address: with a port, in brackets, in quotes, with spaces. */
function formsOf(address: string, port: number): string[] {
  const isIpv6 = address.includes(":");
  const bare = isIpv6
    ? [address, `[${address}]`, `[${address}]:${port}`]
    : [address, `${address}:${port}`, `::ffff:${address}`, `[::FFFF:${address}]:${port}`];
  return [...bare, ...bare.map((form) => `"${form}"`), ...bare.map((form) => `  ${form}\t`)];
}

const isTrusted = (address: string) => /^(127\.0\.0\.1$|10\.|fd)/.test(address);
const client = fc
  .oneof(
    fc.ipV4(),
    fc
      .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 7, maxLength: 7 })
      .map((groups) => ["2001", ...groups.map((group) => group.toString(16))].join(":")),
  )
  .filter((address) => !isTrusted(address));
const port = fc.integer({ min: 0, max: 65_535 });

/** Normalises an address, for comparison. */
const normalised = (address: string) =>
  new URL(`http://${isIP(address) === 6 ? `[${address}]` : address}`).hostname;

describe("the address of a client behind a trusted proxy", () => {
  it.each([
    ["203.0.113.9", "203.0.113.9"],
    ["203.0.113.9:5555", "203.0.113.9"],
    ['"203.0.113.9:5555"', "203.0.113.9"],
    ["2001:db8::7", "2001:db8::7"],
    ["[2001:db8::7]", "2001:db8::7"],
    ["[2001:db8::7]:443", "2001:db8::7"],
    ['"[2001:DB8:0::7]:443"', "2001:db8::7"],
    ["::ffff:203.0.113.9", "203.0.113.9"],
    ["::ffff:cb00:7109", "203.0.113.9"],
    ["[::ffff:203.0.113.9]:80", "203.0.113.9"],
    ["fe80::1%eth0", "fe80::1"],
    ["[fe80::1%25eth0]:443", "fe80::1"],
  ])("is read from %s", (forwarded, address) => {
    expect(behind(forwarded)).toBe(address);
  });

  it.each([
    "",
    "unknown",
    "_hidden",
    "nonsense",
    "203.0.113.9:",
    "203.0.113.9:99999999",
    "203.0.113.9:80:80",
    "203.0.113.09",
    "203.0.113",
    "[203.0.113.9]:80",
    "[2001:db8::7",
    "2001:db8::7]:80",
    "[2001:db8::7]80",
    '"203.0.113.9',
    "for=203.0.113.9",
    "%eth0",
  ])("is the proxy's own if the header is %j", (forwarded) => {
    expect(behind(forwarded)).toBe(PROXY);
    expect(behind(`203.0.113.9, ${forwarded}`)).toBe(PROXY);
  });

  it("is the last address that is not a trusted proxy's, in each form", () => {
    fc.assert(
      fc.property(client, client, port, fc.nat(), fc.nat(), (spoofed, address, number, a, b) => {
        const forms = formsOf(address, number);
        const proxies = formsOf("10.1.2.3", number);
        const forwarded = [spoofed, forms[a % forms.length], proxies[b % proxies.length]].join(",");
        expect(normalised(behind(forwarded))).toBe(normalised(address));
        expect(behind(forwarded, address)).toBe(behind(address));
      }),
    );
  });

  it("is an IP address for any header", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(fc.constantFrom(...'0123456789abf.:[]%", \t')).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(text, (forwarded) => {
        const address = behind(forwarded);
        expect([isIP(address) > 0, address.includes("%")]).toEqual([true, false]);
        expect(behind(`${forwarded},`)).toBe(PROXY);
      }),
    );
  });

  it("is found in linear time in a header of colons", () => {
    // A quadratic algorithm takes most of a minute for this input. Real headers have at most 16 KiB.
    const colons = `[${":".repeat(300_000)}`;
    expect(behind(colons)).toBe(PROXY);
    expect(behind(`203.0.113.9, ${colons}]:80x`)).toBe(PROXY);
  });

  it("is the socket's address if the peer is not a trusted proxy", () => {
    expect(behind("203.0.113.9", "198.51.100.1")).toBe("198.51.100.1");
    expect(behind("203.0.113.9", "::ffff:198.51.100.1")).toBe("198.51.100.1");
    expect(behind("203.0.113.9", "::ffff:10.0.0.1")).toBe("203.0.113.9");
    expect(behind("203.0.113.9", "fd00::1%eth0")).toBe("203.0.113.9");
    expect(behind("203.0.113.9", "unknown")).toBe("unknown");
  });
});

describe("TRUSTED_PROXIES", () => {
  it("accepts IPv4-mapped IPv6 addresses", () => {
    const mapped = readConfig({ TRUSTED_PROXIES: "::ffff:10.0.0.1, ::ffff:192.168.0.0/112" });
    const from = (remote: string) => addressBehind(remote, "203.0.113.9", mapped.trustedProxies);
    expect([from("10.0.0.1"), from("::ffff:192.168.7.7")]).toEqual(["203.0.113.9", "203.0.113.9"]);
    expect([from("10.0.0.2"), from("192.169.0.1")]).toEqual(["10.0.0.2", "192.169.0.1"]);
  });
});
