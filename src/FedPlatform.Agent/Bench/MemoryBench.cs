using System.ComponentModel;
using System.Diagnostics;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets.Specs;

namespace FedPlatform.Agent.Bench;

/// <summary>Peak resident memory of whole runs, each in a process of its own: clients must cost next to nothing.</summary>
internal static class MemoryBench
{
    private const double Target = 1.3;

    public static IEnumerable<Measurement> Run(BenchContext context)
    {
        double few = Peak(context, 10), many = Peak(context, 1000);
        const string Note = "peak resident memory of `agent run`, FedLoGe, ResNet-8 on Digits, every client in every round, 2 rounds";
        yield return new Measurement { Bench = "memory", Case = "10 clients", Value = few, Unit = "MiB", Note = Note };
        yield return new Measurement { Bench = "memory", Case = "1,000 clients", Value = many, Unit = "MiB", Note = Note };
        yield return new Measurement { Bench = "memory", Case = "1,000 clients ÷ 10", Value = many / few, Unit = "×", Target = $"< {Target}", Met = many / few < Target };
    }

    private static double Peak(BenchContext context, int clients)
    {
        var spec = new RunSpec
        {
            Name = $"memory of {clients} clients",
            Dataset = "digits",
            Partition = new PartitionSpec { Kind = "iid", Clients = clients },
            Model = "resnet8",
            Algorithm = new AlgorithmSpec { Name = "fedloge", LocalEpochs = 1, BatchSize = 16, ClassifierSteps = 100 },
            Rounds = 2,
        };
        string path = Path.Combine(context.Folder, $"clients-{clients}.json");
        File.WriteAllText(path, RunSpecReader.ToJson(spec));
        using Process child = Start(["run", path, "--out", Path.Combine(context.Folder, $"clients-{clients}"), "--cache", context.Folder]);
        using CancellationTokenRegistration kill = context.CancellationToken.Register(() => child.Kill());
        Task<string> output = child.StandardOutput.ReadToEndAsync(CancellationToken.None), errors = child.StandardError.ReadToEndAsync(CancellationToken.None);
        long peak = 0;
        while (!child.WaitForExit(20))
        {
            // The kernel keeps the peak; asking now and then only risks the last few milliseconds.
            try
            {
                peak = Math.Max(peak, PeakOf(child));
            }
            catch (Exception gone) when (gone is InvalidOperationException or Win32Exception or IOException)
            {
                break;
            }
        }

        child.WaitForExit();
        context.CancellationToken.ThrowIfCancellationRequested();
        if (child.ExitCode != 0) throw new InvalidOperationException($"The run with {clients} clients ended with {child.ExitCode}: {errors.Result}{output.Result}");
        return peak / (double)(1 << 20);
    }

    private static long PeakOf(Process child)
    {
        string status = $"/proc/{child.Id}/status";
        if (OperatingSystem.IsLinux() && File.Exists(status))
        {
            string? line = File.ReadLines(status).FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.AsSpan("VmHWM:".Length).TrimEnd("kB").Trim()) * 1024;
        }

        child.Refresh();
        return child.PeakWorkingSet64;
    }

    /// <summary>This executable again, also when it was started as <c>dotnet FedPlatform.Agent.dll</c>.</summary>
    private static Process Start(string[] arguments)
    {
        string self = Environment.ProcessPath!;
        var start = new ProcessStartInfo(self) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(self) == "dotnet") start.ArgumentList.Add(typeof(MemoryBench).Assembly.Location);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }
}
