using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Specs;
using FedPlatform.Learning.Algorithms;
using FedPlatform.Learning.Torch;
using FedPlatform.Learning.Training;

namespace FedPlatform.Learning.Federation;

/// <summary>What a checkpoint holds beyond tensors that the layout knows.</summary>
public sealed record CheckpointState(int Round, float[] Upload, float[] Frozen, IReadOnlyDictionary<int, float[]> Privates);

/// <summary>
/// Checkpoints in a run's folder: model, algorithm state and round, nothing that depends on time or place. Optimisers begin anew every
/// round and random streams are keyed by (seed, round, client), so neither has state to keep: the same run gives the same bytes.
/// </summary>
public sealed partial class CheckpointStore(string folder, StateLayout layout, RunSpec spec)
{
    private const string Format = "fedplatform-checkpoint-1";
    private readonly string hash = SpecHash(spec);

    public static string FileName(int round) => string.Create(CultureInfo.InvariantCulture, $"checkpoint-{round:D6}.safetensors");

    /// <summary>SHA-256 over what decides a run's numbers: not its name, notes, length, workers, device or how it is measured.</summary>
    public static string SpecHash(RunSpec spec)
    {
        RunSpec core = spec with { Name = "", Notes = null, Rounds = 0, EvaluateEvery = 1, Evaluation = new EvaluationSpec(), Device = "", Workers = null, KeepCheckpoints = 0 };
        return Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(core, ContractJson.Options)));
    }

    /// <summary>Temporary file, fsync, rename, fsync of the folder.</summary>
    /// <exception cref="IOException">No room on the disk; nothing partial is left.</exception>
    public CheckpointFile Save(CheckpointState state)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, FileName(state.Round)), temporary = path + ".tmp";
        try
        {
            (string sha, long bytes) = Safetensors.Write(temporary, Tensors(state), new Dictionary<string, string>
            {
                ["format"] = Format,
                ["algorithm"] = spec.Algorithm.Name,
                ["round"] = state.Round.ToString(CultureInfo.InvariantCulture),
                ["spec"] = hash,
            });
            File.Move(temporary, path, overwrite: true);
            FlushFolder(folder);
            return new CheckpointFile { Name = FileName(state.Round), Sha256 = sha, Bytes = bytes };
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Reads and checks a checkpoint: bytes against the hash, spec, names, dtypes and shapes against the layout.</summary>
    /// <exception cref="RunFailedException">It is missing, damaged, or of another run.</exception>
    public CheckpointState Load(CheckpointFile file)
    {
        string path = Path.Combine(folder, Path.GetFileName(file.Name));
        if (!File.Exists(path)) throw new RunFailedException($"Checkpoint {file.Name} is missing from {folder}: the run cannot go on. Restore the file, or start the run anew.");
        using (FileStream stream = File.OpenRead(path))
        {
            string sha = Convert.ToHexStringLower(SHA256.HashData(stream));
            if (!string.Equals(sha, file.Sha256, StringComparison.OrdinalIgnoreCase)) throw new RunFailedException($"Checkpoint {file.Name} has SHA-256 {sha}, {file.Sha256} was committed: the file was changed or damaged.");
        }

        try
        {
            TensorFile content = Safetensors.Read(path);
            if (content.Metadata.GetValueOrDefault("format") != Format) throw new RunFailedException($"{file.Name} is no checkpoint of this program.");
            if (content.Metadata.GetValueOrDefault("spec") != hash) throw new RunFailedException($"Checkpoint {file.Name} belongs to another spec: data set, seed, model or algorithm differ.");
            return Unpack(content, file.Name);
        }
        catch (InvalidDataException e)
        {
            throw new RunFailedException($"Checkpoint {file.Name} cannot be read: {e.Message}", e.ToString(), e);
        }
    }

    private List<NamedTensor> Tensors(CheckpointState state)
    {
        var tensors = new List<NamedTensor>();
        for (int i = 0; i < layout.Backbone.Buffers.Count; i++) Add(layout.Backbone.Buffers[i], layout.BufferOffsets[i]);
        for (int i = 0; i < layout.Backbone.Parameters.Count; i++) Add(layout.Backbone.Parameters[i], layout.ParameterOffsets[i]);
        AddHeads("head.", HeadRole.Shared, state.Upload.AsSpan((int)layout.HeadsStart));
        AddHeads("head.", HeadRole.Frozen, state.Frozen);
        foreach ((int client, float[] heads) in state.Privates.OrderBy(p => p.Key)) AddHeads(ClientPrefix(client), HeadRole.Private, heads);
        return tensors;

        void Add(Models.StateEntry entry, long offset) => tensors.Add(NamedTensor.Of("backbone." + entry.Name, state.Upload.AsSpan((int)offset, (int)entry.Length), entry.Shape));

        void AddHeads(string prefix, HeadRole role, ReadOnlySpan<float> heads)
        {
            int at = 0, length = (int)layout.HeadLength;
            foreach (HeadSpec head in layout.Heads.Where(h => h.Role == role))
            {
                tensors.Add(NamedTensor.Of(prefix + head.Name, heads.Slice(at, length), layout.Classes, layout.RowLength));
                at += length;
            }
        }
    }

    private CheckpointState Unpack(TensorFile content, string name)
    {
        float[] upload = new float[layout.UploadLength];
        int taken = 0;
        for (int i = 0; i < layout.Backbone.Buffers.Count; i++) Take("backbone." + layout.Backbone.Buffers[i].Name, layout.Backbone.Buffers[i].Shape, upload.AsSpan((int)layout.BufferOffsets[i]));
        for (int i = 0; i < layout.Backbone.Parameters.Count; i++) Take("backbone." + layout.Backbone.Parameters[i].Name, layout.Backbone.Parameters[i].Shape, upload.AsSpan((int)layout.ParameterOffsets[i]));
        TakeHeads("head.", HeadRole.Shared, upload.AsSpan((int)layout.HeadsStart));
        float[] frozen = new float[layout.Count(HeadRole.Frozen) * layout.HeadLength];
        TakeHeads("head.", HeadRole.Frozen, frozen);
        var privates = new SortedDictionary<int, float[]>();
        foreach (int client in content.Tensors.Keys.Where(k => k.StartsWith("client.", StringComparison.Ordinal)).Select(k => int.Parse(k.Split('.')[1], CultureInfo.InvariantCulture)).Distinct())
        {
            float[] heads = new float[layout.Count(HeadRole.Private) * layout.HeadLength];
            TakeHeads(ClientPrefix(client), HeadRole.Private, heads);
            privates[client] = heads;
        }

        if (taken != content.Tensors.Count) throw new RunFailedException($"Checkpoint {name} holds {content.Tensors.Count} tensors, {taken} were expected.");
        return new CheckpointState(int.Parse(content.Metadata["round"], CultureInfo.InvariantCulture), upload, frozen, privates);

        void Take(string tensor, IReadOnlyList<long> shape, Span<float> target)
        {
            if (!content.Tensors.TryGetValue(tensor, out NamedTensor? found)) throw new RunFailedException($"Checkpoint {name} lacks tensor \"{tensor}\".");
            if (!found.Shape.SequenceEqual(shape)) throw new RunFailedException($"Checkpoint {name}: tensor \"{tensor}\" has shape [{string.Join(",", found.Shape)}], [{string.Join(",", shape)}] was expected.");
            if (found.Dtype != "F32") throw new RunFailedException($"Checkpoint {name}: tensor \"{tensor}\" is {found.Dtype}, F32 was expected.");
            MemoryMarshal.Cast<byte, float>(found.Bytes.Span).CopyTo(target);
            taken++;
        }

        void TakeHeads(string prefix, HeadRole role, Span<float> target)
        {
            int at = 0;
            foreach (HeadSpec head in layout.Heads.Where(h => h.Role == role))
            {
                Take(prefix + head.Name, [layout.Classes, layout.RowLength], target[at..]);
                at += (int)layout.HeadLength;
            }
        }
    }

    private static string ClientPrefix(int client) => string.Create(CultureInfo.InvariantCulture, $"client.{client:D6}.");

    // A rename is durable once its folder is. Elsewhere than on Linux the file system's journal has to do.
    private static void FlushFolder(string folder)
    {
        if (!OperatingSystem.IsLinux()) return;
        int descriptor = Open(folder, 0);
        if (descriptor < 0) throw new IOException($"Folder {folder} cannot be opened to flush it (errno {Marshal.GetLastPInvokeError()}).");
        int result = FSync(descriptor), error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (result != 0) throw new IOException($"Folder {folder} cannot be flushed (errno {error}).");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int descriptor);
}
