import { CircleX, Download, File as FileIcon, X } from "lucide-react";
import type { MessageFile } from "@/api/types";
import { cx } from "@/lib/cx";
import { bytes } from "@/lib/format";
import { Ticks } from "@/ui/Ticks";
import type { Attachment, Attachments } from "./attachments";

/** Files at the text field: each with its progress, and a way to take it back. */
export function AttachmentChips({ files }: { files: Attachments }) {
  if (files.list.length === 0 && files.problem === null) return null;
  return (
    <div className="flex flex-col gap-2 px-3 pt-3">
      {files.list.length > 0 && (
        <ul aria-label="Attached files" className="flex flex-wrap gap-2">
          {files.list.map((one) => (
            <Chip key={one.key} one={one} onRemove={() => files.remove(one.key)} />
          ))}
        </ul>
      )}
      {files.problem && (
        <p role="alert" className="text-sm text-deny">
          {files.problem}
        </p>
      )}
    </div>
  );
}

function Chip({ one, onRemove }: { one: Attachment; onRemove: () => void }) {
  const uploading = one.part === undefined && one.problem === undefined;
  return (
    <li
      className={cx(
        "relative flex max-w-72 items-center gap-2 overflow-hidden rounded border bg-surface-2 py-1 pr-1 pl-2",
        one.problem ? "border-deny/60" : "border-line",
      )}
    >
      {one.preview ? (
        <img src={one.preview} alt="" className="size-8 shrink-0 rounded-[4px] object-cover" />
      ) : one.problem ? (
        <CircleX size={16} className="shrink-0 text-deny" aria-hidden="true" />
      ) : (
        <FileIcon size={16} className="shrink-0 text-soft" aria-hidden="true" />
      )}
      <span className="min-w-0">
        <span className="block truncate text-sm" title={one.name}>
          {one.name}
        </span>
        {one.problem ? (
          <span role="alert" className="block text-xs text-deny">
            <Ticks text={one.problem} />
          </span>
        ) : (
          <span className="block text-xs text-soft tabular-nums">
            {uploading ? `${Math.round(one.progress * 100)} % of ${bytes(one.bytes)}` : bytes(one.bytes)}
          </span>
        )}
      </span>
      <button
        type="button"
        aria-label={`Remove ${one.name}`}
        title="Remove"
        onClick={onRemove}
        className="flex size-7 shrink-0 items-center justify-center rounded text-soft hover:bg-surface-3 hover:text-text"
      >
        <X size={14} />
      </button>
      {uploading && (
        <span
          role="progressbar"
          aria-label={`Upload of ${one.name}`}
          aria-valuenow={Math.round(one.progress * 100)}
          className="absolute bottom-0 left-0 h-0.5 bg-accent"
          style={{ width: `${Math.max(4, one.progress * 100)}%` }}
        />
      )}
    </li>
  );
}

const isPicture = (file: MessageFile) => /^image\/(png|jpeg|gif|webp|avif)$/.test(file.mediaType);

/** The files of a message, which stand where its sender does. */
export function MessageFiles({ files }: { files: readonly MessageFile[] }) {
  return <GivenFiles files={files} label="Files of this message" className="max-w-[88%] justify-end" />;
}

/** Files that somebody gave: pictures are shown small, and everything can be downloaded. */
export function GivenFiles({
  files,
  label,
  className,
}: {
  files: readonly MessageFile[];
  label: string;
  className?: string;
}) {
  return (
    <ul aria-label={label} className={cx("flex flex-wrap gap-2", className)}>
      {files.map((file) => (
        <li key={file.artifactId}>
          <a
            href={`/api/artifacts/${file.artifactId}/raw`}
            download={file.name}
            title={`Download ${file.name}`}
            className={cx(
              "flex max-w-72 gap-2 rounded border border-line bg-surface-1 p-2 hover:border-line-strong",
              isPicture(file) ? "flex-col" : "items-center",
            )}
          >
            {isPicture(file) ? (
              <img
                src={`/api/artifacts/${file.artifactId}/raw`}
                alt={file.name}
                loading="lazy"
                className="max-h-32 max-w-48 rounded-[4px] object-contain"
              />
            ) : (
              <FileIcon size={18} className="shrink-0 text-soft" aria-hidden="true" />
            )}
            <span className="min-w-0">
              <span className="block truncate text-sm">{file.name}</span>
              <span className="flex items-center gap-1 text-xs text-faint tabular-nums">
                {bytes(file.bytes)} <Download size={11} aria-hidden="true" />
              </span>
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}
