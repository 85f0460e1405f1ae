// Formats certificates as text.
import { basename } from "node:path";
import { styleText } from "node:util";
import type { CertificateInfo } from "./read.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** Formats a paragraph for each certificate, with its file as the heading. */
export function formatCertificates(certificates: readonly CertificateInfo[], { colour }: { readonly colour: boolean }): string {
  const paragraphs = certificates.map((certificate) => {
    const file = basename(certificate.file);
    const rows = rowsOf(certificate).map(([heading, value]) => `  ${heading.padEnd(11)}  ${value}`);
    return [colour ? styleText("bold", file, { validateStream: false }) : file, ...rows].join("\n");
  });
  return `${paragraphs.join("\n\n")}\n`;
}

function rowsOf({ subject, issuer, names, notBefore, notAfter, key, fingerprint }: CertificateInfo): [string, string][] {
  return [
    ["subject", subject],
    ...(names.length > 0 ? [["names", names.join(", ")] satisfies [string, string]] : []),
    ["issuer", issuer === subject ? `${issuer} (self-signed)` : issuer],
    ["valid from", formatTime(notBefore)],
    ["expires", `${formatTime(notAfter)} (${formatDistance(notAfter)})`],
    ["key", key],
    ["SHA-256", fingerprint],
  ];
}

/** Formats a time as `2026-11-21 12:00:00 UTC`. */
export function formatTime(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/**
 * Formats a distance as `in 30 days` or `30 days ago`, rounded, or as `today` within half a day.
 */
export function formatDistance(time: Date, now = new Date()): string {
  const ms = time.getTime() - now.getTime();
  const days = Math.round(Math.abs(ms) / dayMs);
  if (days === 0) return "today";
  const count = `${days} ${days === 1 ? "day" : "days"}`;
  return ms < 0 ? `${count} ago` : `in ${count}`;
}
