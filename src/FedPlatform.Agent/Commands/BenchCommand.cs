using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using FedPlatform.Agent.Bench;
using FedPlatform.Agent.Configuration;
using FedPlatform.Agent.Diagnostics;
using FedPlatform.Agent.Terminal;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Agents;
using FedPlatform.Learning.Federation;
using FedPlatform.Learning.Torch;

namespace FedPlatform.Agent.Commands;

/// <summary><c>agent bench</c>: how fast this machine trains, in numbers that can be compared.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var names = new Argument<string[]>("name") { Description = "Benchmarks to run; all without a name.", Arity = ArgumentArity.ZeroOrMore };
        names.AcceptOnlyFromAmong([.. Benchmark.All.Select(b => b.Name)]);
        var json = new Option<FileInfo?>("--json") { Description = "Also write everything to FILE as JSON.", HelpName = "FILE" };
        var quick = new Option<bool>("--quick") { Description = "Under a minute; rougher numbers, some estimated from a part." };
        var data = CommonOptions.Data();
        var command = new Command("bench",
            $"""
            Measures speed and memory and prints a table. Use a Release build and leave the machine alone meanwhile; all of it takes a few minutes.

            {string.Join(Environment.NewLine, Benchmark.All.Select(b => $"  {b.Name,-13} {b.Description}"))}
            """)
        { names, json, quick, data };
        command.SetAction(parsed =>
        {
            Screen screen = Screen.Standard();
            using var stop = new CancellationTokenSource();
            using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
            {
                if (stop.IsCancellationRequested) return;
                signal.Cancel = true;
                ThreadPool.QueueUserWorkItem(_ => stop.Cancel());
            });
            string[] wanted = parsed.GetValue(names) ?? [];
            IReadOnlyList<string> roots = StorageSettings.Load(parsed.GetValue(data) ?? [], null).DataRoots;
            return Run(screen, [.. Benchmark.All.Where(b => wanted.Length == 0 || wanted.Contains(b.Name))], parsed.GetValue(quick), roots, parsed.GetValue(json), stop.Token);
        });
        return command;
    }

    private static int Run(Screen screen, IReadOnlyList<Benchmark> benchmarks, bool quick, IReadOnlyList<string> roots, FileInfo? json, CancellationToken cancellationToken)
    {
        TimeProvider time = TimeProvider.System;
        MachineFacts machine = MachineFacts.Read(time);
        TorchReport torch;
        try
        {
            torch = TorchRuntime.Start();
        }
        catch (RunFailedException error)
        {
            screen.Error(error.Message);
            return AgentProtocol.ExitFailed;
        }

#if DEBUG
        screen.Error("This is a Debug build: the numbers are too low. Use dotnet run -c Release.");
#endif
        screen.Line($"{machine.Cpu}, {machine.Cores} cores, {MachineFacts.Size(machine.MemoryBytes)}, {string.Join(' ', torch.CpuFlags)}");
        screen.Line($"{machine.System}, {machine.Runtime}, TorchSharp {torch.Version}, {machine.Date:yyyy-MM-dd HH:mm} UTC{(quick ? ", quick" : "")}");
        screen.Line("");
        screen.Line($"{"bench",-13} {"case",-54} {"value",10} {"unit",-8} {"target",-8}");
        string folder = Directory.CreateTempSubdirectory("fedplatform-bench-").FullName;
        var results = new List<Measurement>();
        long start = time.GetTimestamp();
        int exit = AgentProtocol.ExitFinished;
        try
        {
            foreach (Benchmark benchmark in benchmarks)
            {
                screen.Status($"{benchmark.Name}: {benchmark.Description} …");
                string own = Directory.CreateDirectory(Path.Combine(folder, benchmark.Name)).FullName;
                foreach (Measurement result in benchmark.Run(new BenchContext(quick, own, roots, time, cancellationToken)))
                {
                    results.Add(result);
                    screen.Line(Row(result));
                }
            }
        }
        catch (OperationCanceledException)
        {
            exit = AgentProtocol.ExitStopped;
        }
        finally
        {
            screen.Status("");
            Directory.Delete(folder, recursive: true);
        }

        double seconds = time.GetElapsedTime(start).TotalSeconds;
        screen.Line("");
        foreach (string note in results.Where(r => r.Note is not null).Select(r => $"{r.Bench}, {r.Case}: {r.Note}")) screen.Line(note);
        screen.Line($"{seconds:0} s in all");
        if (json is not null)
        {
            File.WriteAllText(json.FullName, JsonSerializer.Serialize(new { machine, torch, quick, seconds, results }, ContractJson.Indented) + "\n");
        }

        return exit;
    }

    private static string Row(Measurement m)
    {
        string value = m.Value.ToString(m.Value >= 100 ? "0" : m.Value >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);
        string target = m.Target is null ? "" : $"{m.Target}{m.Met switch { true => "  met", false => "  MISSED", null => "" }}";
        return $"{m.Bench,-13} {m.Case,-54} {value,10} {m.Unit,-8} {target}".TrimEnd();
    }
}
