using System.Text.RegularExpressions;

namespace FedPlatform.Web.Scheduling;

/// <summary>The last lines a process printed on standard error: what it says before it dies.</summary>
internal sealed partial class OutputTail(int capacity)
{
    private const int CauseLines = 5;

    private readonly Lock _gate = new();
    private readonly Queue<string> _lines = new();

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>For people: the unhandled exception when there is one, else the last lines as one; null when nothing was said.</summary>
    public string? Cause
    {
        get
        {
            var lines = Lines;
            return lines.Count == 0
                ? null
                : lines.LastOrDefault(l => l.StartsWith("Unhandled exception", StringComparison.Ordinal))
                    ?? string.Join(" ", lines.TakeLast(CauseLines).Select(l => Stamp().Replace(l, "").Trim()));
        }
    }

    public void Add(string? line)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return;
        }

        lock (_gate)
        {
            _lines.Enqueue(line);
            if (_lines.Count > capacity)
            {
                _lines.Dequeue();
            }
        }
    }

    [GeneratedRegex(@"^\d\d:\d\d:\d\d (information|warning|error|critical|info): ", RegexOptions.CultureInvariant)]
    private static partial Regex Stamp();
}
