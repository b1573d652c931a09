namespace FedPlatform.Agent.Terminal;

/// <summary>
/// Lines for people, and on a terminal one status line below them that rewrites itself. Log lines go to the error stream
/// without tearing the status. Safe from any thread.
/// </summary>
public sealed class Screen(TextWriter output, TextWriter error, bool interactive, Func<int>? width = null)
{
    private readonly Lock _gate = new();
    private string _status = "";

    public static Screen Standard() => new(Console.Out, Console.Error, interactive: !Console.IsOutputRedirected, TerminalWidth);

    /// <summary>True when the status line rewrites itself; elsewhere it is not shown at all.</summary>
    public bool Interactive { get; } = interactive;

    public void Line(string text) => Write(output, text);

    /// <summary>A line on the error stream.</summary>
    public void Error(string text) => Write(error, text);

    /// <summary>Replaces the status line; nothing happens where the output is a file or a pipe.</summary>
    public void Status(string text)
    {
        if (!Interactive) return;
        lock (_gate)
        {
            _status = text;
            Draw();
        }
    }

    private void Write(TextWriter writer, string text)
    {
        lock (_gate)
        {
            Erase();
            writer.WriteLine(text);
            writer.Flush();
            Draw();
        }
    }

    private void Erase()
    {
        if (_status.Length == 0) return;
        output.Write("\r\u001b[K");
        output.Flush();
    }

    private void Draw()
    {
        if (_status.Length == 0) return;
        int room = Math.Max((width?.Invoke() ?? 80) - 1, 10);
        output.Write("\r\u001b[K");
        output.Write(_status.Length > room ? _status.AsSpan(0, room) : _status);
        output.Flush();
    }

    private static int TerminalWidth()
    {
        try
        {
            return Console.WindowWidth;
        }
        catch (IOException)
        {
            return 80;
        }
    }
}
