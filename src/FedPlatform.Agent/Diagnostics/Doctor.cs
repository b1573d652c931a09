using FedPlatform.Agent.Configuration;
using FedPlatform.Datasets;
using FedPlatform.Learning.Federation;
using FedPlatform.Learning.Torch;

namespace FedPlatform.Agent.Diagnostics;

public enum FindingState
{
    Ok,

    /// <summary>Works, but a person may want to know.</summary>
    Note,

    /// <summary>Runs will not work.</summary>
    Bad,
}

public sealed record Finding(string Area, string Name, string Value, FindingState State = FindingState.Ok);

/// <summary>Looks at what a run needs, and mends nothing.</summary>
public sealed class Doctor(StorageSettings storage, TimeProvider time)
{
    private const long LittleDisk = 1L << 30;

    public IReadOnlyList<Finding> Examine()
    {
        var findings = new List<Finding>();
        Machine(findings);
        Torch(findings);
        Data(findings);
        Disk(findings);
        return findings;
    }

    private void Machine(List<Finding> findings)
    {
        MachineFacts facts = MachineFacts.Read(time);
        findings.Add(new Finding("machine", "system", $"{facts.System}, {facts.Runtime}"));
        findings.Add(new Finding("machine", "cpu", $"{facts.Cpu}, {facts.Cores} cores"));
        findings.Add(new Finding("machine", "memory", $"{MachineFacts.Size(facts.MemoryBytes)}{(facts.AvailableBytes is { } free ? $", {MachineFacts.Size(free)} available" : "")}"));
    }

    private static void Torch(List<Finding> findings)
    {
        try
        {
            TorchReport torch = TorchRuntime.Start();
            findings.Add(new Finding("torch", "TorchSharp", torch.Version));
            findings.Add(new Finding("torch", "backend", torch.Cuda ? $"CUDA, {torch.CudaDevices} device(s)" : "CPU"));
            findings.Add(new Finding("torch", "cuda", torch.Cuda ? "available" : "not available (build with -p:TorchBackend=cuda on a machine with an NVIDIA driver)", torch.Cuda ? FindingState.Ok : FindingState.Note));
            findings.Add(new Finding("torch", "threads", $"{torch.IntraOpThreads} a worker, {torch.Cores} workers by default"));
            findings.Add(new Finding("torch", "bf16", $"{(torch.Bf16 ? "yes" : "no")}: {torch.Bf16Reason}", torch.Bf16 ? FindingState.Ok : FindingState.Note));
            findings.Add(new Finding("torch", "cpu flags", torch.CpuFlags.Count > 0 ? string.Join(' ', torch.CpuFlags) : "none that matter"));
            findings.Add(new Finding("torch", "allocator", torch.AllocatorTuned ? "glibc's, told to keep freed memory" : "not tuned: training may be several times slower on a virtual machine", torch.AllocatorTuned ? FindingState.Ok : FindingState.Note));
            if (StandardLibrary.Describe() is { } library) findings.Add(new Finding("torch", "libstdc++", library));
        }
        catch (RunFailedException error)
        {
            findings.Add(new Finding("torch", "libtorch", error.Message, FindingState.Bad));
        }
    }

    private void Data(List<Finding> findings)
    {
        foreach (string root in storage.DataRoots)
        {
            bool there = Directory.Exists(root);
            findings.Add(new Finding("data", "root", there ? root : $"{root} (no such folder)", there ? FindingState.Ok : FindingState.Note));
        }

        foreach (DatasetListing listing in new DatasetCatalogue(storage.DataRoots).List())
        {
            findings.Add(listing.Info is { } info
                ? new Finding("data", listing.Key, $"{info.TrainCounts.Sum()} + {info.TestCounts.Sum()} images, {info.ClassNames.Count} classes, {info.Location}")
                : new Finding("data", listing.Key, listing.Problem ?? "not found", FindingState.Note));
        }
    }

    private void Disk(List<Finding> findings)
    {
        findings.Add(Room("here", Directory.GetCurrentDirectory()));
        findings.Add(Room("temporary", Path.GetTempPath()));
        findings.Add(Writable("temporary", Path.GetTempPath()));
        string cache = storage.CacheFolder;
        findings.Add(new Finding("disk", "cache", Directory.Exists(cache) ? cache : $"{cache} (made when it is needed)"));
    }

    private static Finding Room(string name, string folder)
    {
        try
        {
            long free = new DriveInfo(folder).AvailableFreeSpace;
            return new Finding("disk", $"free, {name}", $"{MachineFacts.Size(free)} at {folder}", free < LittleDisk ? FindingState.Note : FindingState.Ok);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new Finding("disk", $"free, {name}", $"{folder}: {error.Message}", FindingState.Note);
        }
    }

    private static Finding Writable(string name, string folder)
    {
        string probe = Path.Combine(folder, $"fedplatform-doctor-{Guid.NewGuid():N}");
        try
        {
            using (var file = new FileStream(probe, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 4096, FileOptions.DeleteOnClose))
            {
                file.Write(new byte[4096]);
                file.Flush(flushToDisk: true);
            }

            return new Finding("disk", $"write, {name}", $"works in {folder}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Finding("disk", $"write, {name}", $"{folder} cannot be written: {error.Message}", FindingState.Bad);
        }
    }
}
