using System.Security.Cryptography;
using System.Text.Json;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;

namespace FedPlatform.Agent.Offline;

/// <summary>A folder that cannot be used as asked; the message is for people.</summary>
public sealed class RunFolderException(string message) : Exception(message);

/// <summary>
/// The output folder of a run without a server: spec.json, partition.json, rounds.jsonl, summary.json and checkpoints.
/// Replacing summary.json is the commit: lines of rounds.jsonl and checkpoints beyond its round do not count and are removed on resume.
/// One process at a time holds the folder.
/// </summary>
public sealed class RunFolder : IDisposable
{
    public const string SpecName = "spec.json", PartitionName = "partition.json", RoundsName = "rounds.jsonl", SummaryName = "summary.json";
    private const string LockName = ".lock", CheckpointPattern = "checkpoint-*.safetensors*";

    private readonly FileStream _lock;
    private readonly Dictionary<int, string> _checkpoints = [];

    private RunFolder(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    public string Path { get; }

    /// <summary>Null before the first write.</summary>
    public RunSummary? Summary { get; private set; }

    /// <summary>True when at least one round counts.</summary>
    public bool HasRounds => Summary is { Round: > 0 };

    private string RoundsPath => File(RoundsName);

    /// <summary>Creates the folder when it is missing and takes hold of it.</summary>
    public static RunFolder Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        if (System.IO.File.Exists(path)) throw new RunFolderException($"{path} is a file; --out names a folder.");
        FileStream held;
        try
        {
            Directory.CreateDirectory(path);
            held = new FileStream(System.IO.Path.Combine(path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new RunFolderException($"{path} cannot be written: {error.Message}");
        }
        catch (IOException) when (Directory.Exists(path))
        {
            throw new RunFolderException($"{path} is in use by another run; choose another folder or wait for it to end.");
        }

        var folder = new RunFolder(path, held);
        try
        {
            folder.Summary = folder.Read<RunSummary>(SummaryName);
        }
        catch
        {
            folder.Dispose();
            throw;
        }

        return folder;
    }

    /// <summary>The spec of the run in this folder, or null.</summary>
    public RunSpec? ReadSpec() => Read<RunSpec>(SpecName);

    /// <summary>Begins a new run here: removes what an uncommitted one left and writes the spec.</summary>
    /// <exception cref="RunFolderException">A run with committed rounds is kept here.</exception>
    public void Begin(RunSpec spec)
    {
        if (HasRounds)
        {
            throw new RunFolderException(
                $"{Path} already holds a run ({Summary!.State}, {Summary.Round} of {Summary.Rounds} rounds). Add --resume to go on with it, or choose another folder.");
        }

        foreach (string file in Directory.EnumerateFiles(Path, CheckpointPattern)) System.IO.File.Delete(file);
        System.IO.File.Delete(RoundsPath);
        System.IO.File.Delete(File(PartitionName));
        WriteSpec(spec);
        Write(new RunSummary { State = RunState.Running, Round = 0, Rounds = spec.Rounds });
        using (System.IO.File.Create(RoundsPath))
        {
        }

        DurableFile.SyncFolder(Path);
    }

    /// <summary>Goes back to the last committed round: rounds.jsonl is cut, checkpoints beyond it are removed, the committed one is checked.</summary>
    /// <exception cref="RunFolderException">The folder lacks something that was committed.</exception>
    public CheckpointFile Resume()
    {
        RunSummary summary = Summary is { Round: > 0 } s ? s : throw new RunFolderException($"{Path} holds no committed round to go on from.");
        string name = summary.CheckpointName is { Length: > 0 } n && System.IO.Path.GetFileName(n) == n
            ? n
            : throw new RunFolderException($"{File(SummaryName)} names no checkpoint; the run cannot go on.");
        var file = new FileInfo(File(name));
        if (!file.Exists) throw new RunFolderException($"{file.FullName} is missing: it is the checkpoint of the last committed round, {summary.Round}.");
        using (FileStream content = file.OpenRead())
        {
            string sha256 = Convert.ToHexStringLower(SHA256.HashData(content));
            if (!sha256.Equals(summary.Checkpoint, StringComparison.OrdinalIgnoreCase))
            {
                throw new RunFolderException($"{file.FullName} is damaged: its SHA-256 is {sha256}, {SummaryName} says {summary.Checkpoint}.");
            }
        }

        CutRounds(summary.Round);
        foreach (string path in Directory.EnumerateFiles(Path, CheckpointPattern))
        {
            if (RoundOf(path) is { } round && round <= summary.Round) _checkpoints[round] = path;
            else System.IO.File.Delete(path);
        }

        return new CheckpointFile { Name = name, Sha256 = summary.Checkpoint!, Bytes = file.Length };
    }

    public void WriteSpec(RunSpec spec) => WriteJson(SpecName, spec);

    public void WritePartition(PartitionReport report) => WriteJson(PartitionName, report);

    /// <summary>Makes a round count: its line is on the disk before the summary that names it, old checkpoints go after that.</summary>
    /// <param name="keep">Newest checkpoints that are kept beside the best one.</param>
    public void Commit(RoundReport report, CheckpointFile checkpoint, int keep)
    {
        using (var rounds = new FileStream(RoundsPath, FileMode.Append, FileAccess.Write, FileShare.Read))
        {
            long start = rounds.Position;
            try
            {
                rounds.Write(JsonSerializer.SerializeToUtf8Bytes(report, ContractJson.Options));
                rounds.WriteByte((byte)'\n');
                rounds.Flush(flushToDisk: true);
            }
            catch (IOException)
            {
                // A full disk: no half line stays behind.
                rounds.SetLength(start);
                throw;
            }
        }

        Write(Summary!.With(report, checkpoint.Sha256) with { State = RunState.Running, CheckpointName = checkpoint.Name, Reason = null });
        _checkpoints[report.Round] = File(checkpoint.Name);
        Retain(keep);
    }

    /// <summary>Replaces the summary.</summary>
    public void Write(RunSummary summary)
    {
        WriteJson(SummaryName, summary);
        Summary = summary;
    }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => _lock.Dispose();

    private void Retain(int keep)
    {
        int newest = Summary!.Round, best = Summary.Gm.BestRound ?? newest;
        foreach ((int round, string path) in _checkpoints.ToArray())
        {
            if (round == newest || round == best || round > newest - keep) continue;
            System.IO.File.Delete(path);
            _checkpoints.Remove(round);
        }
    }

    private void CutRounds(int committed)
    {
        using var rounds = new FileStream(RoundsPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        byte[] buffer = new byte[1 << 16];
        int lines = 0, read;
        long end = 0;
        while (lines < committed && (read = rounds.Read(buffer)) > 0)
        {
            for (int i = 0; i < read && lines < committed; i++)
            {
                if (buffer[i] != (byte)'\n') continue;
                lines++;
                end = rounds.Position - read + i + 1;
            }
        }

        if (lines < committed) throw new RunFolderException($"{RoundsPath} has {lines} lines, but {committed} rounds were committed.");
        rounds.SetLength(end);
        rounds.Flush(flushToDisk: true);
    }

    private static int? RoundOf(string path)
    {
        string name = System.IO.Path.GetFileName(path);
        return name.EndsWith(".safetensors", StringComparison.Ordinal)
            && int.TryParse(name["checkpoint-".Length..^".safetensors".Length], out int round) ? round : null;
    }

    private void WriteJson<T>(string name, T value) => DurableFile.Replace(File(name), JsonSerializer.SerializeToUtf8Bytes(value, ContractJson.Indented));

    private T? Read<T>(string name) where T : class
    {
        string path = File(name);
        if (!System.IO.File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize<T>(System.IO.File.ReadAllBytes(path), ContractJson.Options);
        }
        catch (JsonException error)
        {
            throw new RunFolderException($"{path} cannot be read: {error.Message}");
        }
    }
}
