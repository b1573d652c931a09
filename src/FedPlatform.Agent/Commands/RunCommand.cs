using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using FedPlatform.Agent.Attached;
using FedPlatform.Agent.Configuration;
using FedPlatform.Agent.Offline;
using FedPlatform.Agent.Running;
using FedPlatform.Agent.Terminal;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;
using FedPlatform.Learning.Federation;
using Microsoft.Extensions.Logging;

namespace FedPlatform.Agent.Commands;

/// <summary><c>agent run</c>: without a server from a spec, or on behalf of a server that holds the lease.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var spec = new Argument<string?>("SPEC") { Description = "The run as JSON or YAML; - reads standard input. With --resume it may be left out.", Arity = ArgumentArity.ZeroOrOne };
        var output = new Option<string>("--out", "-o") { Description = "Folder of the results: spec.json, partition.json, rounds.jsonl, summary.json, checkpoints.", HelpName = "DIR", Required = true };
        var resume = new Option<bool>("--resume") { Description = "Go on from the last committed round in DIR; starts anew where there is none." };
        var data = CommonOptions.Data();
        var workers = CommonOptions.Workers();
        var cache = CommonOptions.Cache();
        var verbose = CommonOptions.Verbose();
        var server = new Option<string?>("--server") { Description = "Address of the web host that holds the run; used by the host itself, see docs/agent.md.", HelpName = "URL" };
        var run = new Option<Guid?>("--run") { Description = "With --server: the run.", HelpName = "GUID" };
        var epoch = new Option<long?>("--epoch") { Description = "With --server: the epoch of the lease.", HelpName = "N" };
        var command = new Command("run",
            """
            Trains a run to its end.

            Exit codes: 0 finished, 1 failed, 2 bad input, 3 paused (disk full), 4 stopped, 5 another process holds the run.
            Examples:
              run docs/examples/fedloge-digits.json --out results/digits
              run --resume --out results/digits
              run my-run.yaml --out results/mine --data ~/datasets --workers 2
            """)
        { spec, output, resume, data, workers, cache, verbose, server, run, epoch };
        // Only what was given counts here: values that cannot be read are reported by the parser itself.
        command.Validators.Add(result =>
        {
            bool Given(Option option) => result.GetResult(option) is { Implicit: false };
            bool named = result.GetResult(spec) is { Tokens.Count: > 0 }, attached = Given(server);
            if (attached && named) result.AddError("With --server the spec comes from the server: leave SPEC out.");
            if (attached && Given(resume)) result.AddError("With --server the server says where to go on: leave --resume out.");
            if (attached && !(Given(run) && Given(epoch))) result.AddError("--server needs --run and --epoch.");
            if (!attached && (Given(run) || Given(epoch))) result.AddError("--run and --epoch need --server.");
            if (!attached && !named && !Given(resume)) result.AddError("Name a SPEC file, or add --resume to go on with the run in DIR.");
        });
        command.SetAction(async (parsed, _) =>
        {
            Screen screen = Screen.Standard();
            using ILoggerFactory logging = ScreenLoggerProvider.CreateFactory(screen, TimeProvider.System, parsed.GetValue(verbose));
            string folder = parsed.GetValue(output)!;
            string[] roots = parsed.GetValue(data) ?? [];
            return parsed.GetValue(server) is { } address
                ? await Attach(screen, logging, address, parsed.GetValue(run)!.Value, parsed.GetValue(epoch)!.Value, folder, roots, parsed.GetValue(cache), parsed.GetValue(workers))
                : await Offline(screen, logging, parsed.GetValue(spec), folder, parsed.GetValue(resume), roots, parsed.GetValue(cache), parsed.GetValue(workers));
        });
        return command;
    }

    private static async Task<int> Offline(
        Screen screen, ILoggerFactory logging, string? path, string output, bool resume, string[] roots, string? cache, int? workers)
    {
        try
        {
            StorageSettings storage = StorageSettings.Load(roots, cache);
            var catalogue = new DatasetCatalogue(storage.DataRoots);
            RunSpec? spec = path is null ? null : SpecFile.Read(path, catalogue);
            using RunFolder folder = RunFolder.Open(output);
            if (resume && folder.HasRounds && folder.ReadSpec() is { } kept)
            {
                IReadOnlyList<string> differences = spec is null ? [] : SpecDifference.Between(kept, spec);
                if (differences.Count > 0)
                {
                    foreach (string line in differences) screen.Error(line);
                    screen.Error($"The spec differs from the one that {folder.Path} was begun with. Choose another folder, or leave SPEC out to go on with the old one.");
                    return AgentProtocol.ExitBadInput;
                }

                spec ??= kept;
            }

            if (spec is null)
            {
                screen.Error($"{folder.Path} holds no run to go on with; name a SPEC file.");
                return AgentProtocol.ExitBadInput;
            }

            var orders = new RunOrders();
            using var signals = new StopSignals(orders, screen);
            var runner = new TorchRunner(catalogue, storage.CacheFolder, workers, TimeProvider.System);
            var offline = new OfflineRun(runner, folder, spec, orders, new RunDisplay(screen, spec.Rounds), logging.CreateLogger("run"));
            return await RunThread.Start("round loop", () => offline.Run(resume, CancellationToken.None));
        }
        catch (SpecProblemsException problems)
        {
            foreach (var problem in problems.Problems) screen.Error(SpecProblemsException.Describe(problem));
            return AgentProtocol.ExitBadInput;
        }
        catch (RunFolderException unusable)
        {
            screen.Error(unusable.Message);
            return AgentProtocol.ExitBadInput;
        }
    }

    private static async Task<int> Attach(
        Screen screen, ILoggerFactory logging, string server, Guid run, long epoch, string output, string[] roots, string? cache, int? workers)
    {
        if (Environment.GetEnvironmentVariable(AgentProtocol.TokenVariable) is not { Length: > 0 } token)
        {
            screen.Error($"{AgentProtocol.TokenVariable} must hold the lease's token; this mode is for the web host.");
            return AgentProtocol.ExitBadInput;
        }

        if (!Uri.TryCreate(server, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
        {
            screen.Error($"--server must be an http or https address, got {server}");
            return AgentProtocol.ExitBadInput;
        }

        Environment.SetEnvironmentVariable(AgentProtocol.TokenVariable, null);
        // Nothing is lost by a kill (that is what the commit protocol is for), and native threads cannot hold it up.
        ParentWatch.Start(Console.OpenStandardInput(), () => Process.GetCurrentProcess().Kill());
        // A Ctrl+C at the web host's terminal reaches this process too: the host decides what becomes of the run.
        using PosixSignalRegistration? interrupt = Console.IsInputRedirected ? PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true) : null;
        string folder = Path.GetFullPath(output);
        Directory.CreateDirectory(folder);
        // Beside the run folders, so that the runs of one server share it.
        string shared = Path.Combine(Path.GetDirectoryName(folder) ?? folder, ".cache");
        StorageSettings storage = StorageSettings.Load(roots, cache, shared);
        var runner = new TorchRunner(new DatasetCatalogue(storage.DataRoots), storage.CacheFolder, workers, TimeProvider.System);
        var options = new AttachedOptions { Server = address, Run = run, Epoch = epoch, Token = token, Folder = folder };
        try
        {
            return await new AttachedRun(runner, options, TimeProvider.System, logging.CreateLogger("run")).Run(CancellationToken.None);
        }
        catch (RunFailedException failed)
        {
            screen.Error(failed.Message);
            return AgentProtocol.ExitFailed;
        }
    }
}
