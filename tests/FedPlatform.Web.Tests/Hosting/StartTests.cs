using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace FedPlatform.Web.Tests.Hosting;

/// <summary>A server that cannot start says why in words, in one place, and ends.</summary>
public sealed class StartTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("fedplatform-start-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_damaged_database_is_named_and_left_as_it_is()
    {
        byte[] damaged = [.. Enumerable.Repeat((byte)'x', 9000)];
        await File.WriteAllBytesAsync(Path.Combine(folder, "fedplatform.db"), damaged);

        var (exit, said) = await Start("http://127.0.0.1:0");

        Assert.Equal(1, exit);
        Assert.Contains("FedPlatform cannot start", said, StringComparison.Ordinal);
        Assert.Contains("file is not a database", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
        Assert.Equal(damaged, await File.ReadAllBytesAsync(Path.Combine(folder, "fedplatform.db")));
    }

    [Fact]
    public async Task An_address_in_use_is_named_without_a_trace()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var (exit, said) = await Start($"http://127.0.0.1:{port}");

        Assert.Equal(1, exit);
        Assert.Contains($"127.0.0.1:{port}: address already in use. Choose another one with --urls.", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
    }

    private async Task<(int Exit, string Said)> Start(string urls)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        foreach (string argument in (string[])[typeof(Program).Assembly.Location, "--urls", urls, "--Storage:Root", folder]) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(patience.Token), error = process.StandardError.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, await output + await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
