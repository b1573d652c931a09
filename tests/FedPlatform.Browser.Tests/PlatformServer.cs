using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace FedPlatform.Browser.Tests;

/// <summary>The built web host in a process of its own, on a free port, with a temporary storage root.</summary>
internal sealed partial class PlatformServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();

    private PlatformServer(Process process, string root)
    {
        _process = process;
        Root = root;
    }

    public string Root { get; }

    /// <summary>The address that the host printed, with the set-up code when there is no user yet.</summary>
    public Uri Ready { get; private set; } = new("about:blank");

    public Uri Address => new(Ready.GetLeftPart(UriPartial.Authority));

    public int ProcessId => _process.Id;

    public string Output => string.Join('\n', _output);

    public static async Task<PlatformServer> Start(IReadOnlyDictionary<string, string>? settings = null)
    {
        string root = Directory.CreateTempSubdirectory("fedplatform-").FullName;
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (string argument in (string[])[Built.Web, "--urls", "http://127.0.0.1:0"]) start.ArgumentList.Add(argument);
        start.Environment["Storage__Root"] = Path.Combine(root, "data");
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        foreach (var (key, value) in settings ?? new Dictionary<string, string>()) start.Environment[key] = value;

        var ready = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var server = new PlatformServer(process, root);
        void Hear(string? line)
        {
            if (line is null) return;
            server._output.Enqueue(line);
            if (ReadyLine().Match(line) is { Success: true } match) ready.TrySetResult(new Uri(match.Value));
        }

        process.OutputDataReceived += (_, e) => Hear(e.Data);
        process.ErrorDataReceived += (_, e) => Hear(e.Data);
        process.Exited += (_, _) => ready.TrySetException(new InvalidOperationException("The host ended before it was ready:\n" + server.Output));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        server.Ready = await ready.Task.WaitAsync(TimeSpan.FromSeconds(60));
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(Root, recursive: true);
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:[1-9]\d*(/\S*)?")]
    private static partial Regex ReadyLine();
}
