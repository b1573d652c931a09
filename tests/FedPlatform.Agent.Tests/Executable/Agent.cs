using System.Diagnostics;
using System.Reflection;

namespace FedPlatform.Agent.Tests.Executable;

/// <summary>The built executable, as a user or the web host starts it.</summary>
internal sealed class Agent : IDisposable
{
    private readonly Task<string> _output, _error;

    private Agent(Process process)
    {
        Process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _error = process.StandardError.ReadToEndAsync();
    }

    public Process Process { get; }

    private static string Path { get; } = typeof(Agent).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "AgentPath").Value!;

    public static Agent Start(string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.ArgumentList.Add(Path);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return new Agent(Process.Start(start)!);
    }

    public static async Task<(int Exit, string Output, string Error)> Run(params string[] arguments)
    {
        using Agent agent = Start(arguments);
        agent.Process.StandardInput.Close();
        return await agent.End();
    }

    public async Task<(int Exit, string Output, string Error)> End()
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await Process.WaitForExitAsync(late.Token);
        return (Process.ExitCode, await _output, await _error);
    }

    public void Dispose()
    {
        if (!Process.HasExited) Process.Kill(entireProcessTree: true);
        Process.Dispose();
    }
}
