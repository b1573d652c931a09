using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using FedPlatform.Contracts.Agents;
using FedPlatform.Web.Persistence;
using FedPlatform.Web.Runs;

namespace FedPlatform.Web.Scheduling;

/// <summary>Why no process could be started, for people.</summary>
public sealed class LaunchException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Makes a run's process: which executable, which arguments, the token in the environment.</summary>
public sealed class AgentLauncher(IConfiguration configuration, StorageLayout layout, ServerAddress address)
{
    /// <summary>Setting <c>Agent:Path</c>; beside a published server <c>agent/</c>; else where the build put it.</summary>
    public string AgentPath { get; } = Locate(configuration["Agent:Path"]);

    /// <exception cref="LaunchException">The agent is missing or cannot be started.</exception>
    public Process Start(RunClaim claim)
    {
        if (!File.Exists(AgentPath))
        {
            throw new LaunchException($"The agent is missing at {AgentPath}. Build src/FedPlatform.Agent or set Agent:Path.");
        }

        var start = new ProcessStartInfo
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        if (AgentPath.EndsWith(".dll", StringComparison.OrdinalIgnoreCase))
        {
            start.FileName = Dotnet();
            start.ArgumentList.Add(AgentPath);
        }
        else
        {
            start.FileName = AgentPath;
        }

        var folder = layout.RunFolder(claim.RunId);
        string[] arguments =
        [
            "run", "--server", address.Local, "--run", claim.RunId.ToString(),
            "--epoch", claim.Epoch.ToString(CultureInfo.InvariantCulture), "--out", folder,
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var root in layout.DataRoots)
        {
            start.ArgumentList.Add("--data");
            start.ArgumentList.Add(root);
        }

        start.Environment[AgentProtocol.TokenVariable] = claim.Token;

        // The server's own settings are not the agent's.
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("Bootstrap__", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        try
        {
            Directory.CreateDirectory(folder);
            return Process.Start(start) ?? throw new LaunchException($"{start.FileName} did not start.");
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException or UnauthorizedAccessException)
        {
            throw new LaunchException($"The run's process cannot be started: {e.Message}", e);
        }
    }

    private static string Locate(string? configured)
    {
        if (!string.IsNullOrWhiteSpace(configured))
        {
            return Path.GetFullPath(configured);
        }

        var published = Path.Combine(AppContext.BaseDirectory, "agent", "FedPlatform.Agent.dll");
        return File.Exists(published)
            ? published
            : typeof(AgentLauncher).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(a => a.Key == "AgentPath")?.Value ?? published;
    }

    /// <summary>The dotnet that runs this server: an apphost does not say, but its runtime lies three folders below it.</summary>
    private static string Dotnet()
    {
        var name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        var beside = Path.Combine(root, name);
        return File.Exists(beside) ? beside : name;
    }
}
