/** The octopus. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" className="shrink-0">
      <rect width="32" height="32" rx="7" fill="#0f766e" />
      <path
        d="M8 15a8 8 0 0 1 16 0v3c0 2 .6 3.400 1.800 4.600M8 15v3c0 2-.6 3.400-1.800 4.600M12.500 18v6M19.500 18v6M16 18v7"
        fill="none"
        stroke="#fff"
        strokeWidth="2.200"
        strokeLinecap="round"
      />
      <circle cx="13" cy="14" r="1.400" fill="#fff" />
      <circle cx="19" cy="14" r="1.400" fill="#fff" />
    </svg>
  );
}
