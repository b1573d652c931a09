using Microsoft.Extensions.Options;

namespace FedPlatform.Web.Persistence;

/// <summary>Section <c>Storage</c>: where everything is kept. Relative paths are relative to the current directory.</summary>
public sealed class StorageOptions
{
    public const string Section = "Storage";

    /// <summary>Databases, run folders, keys.</summary>
    public string Root { get; set; } = "data";

    /// <summary>Where data sets are looked for, each with its direct sub-folders.</summary>
    public IList<string> DataRoots { get; set; } = [];

    /// <summary>Runs that paused because the disk was full resume when this many bytes are free.</summary>
    public long MinimumFreeBytes { get; set; } = 512L << 20;
}

/// <summary>The places below <see cref="StorageOptions.Root"/>.</summary>
public sealed class StorageLayout(IOptions<StorageOptions> options)
{
    public string Root { get; } = Path.GetFullPath(options.Value.Root);

    public IReadOnlyList<string> DataRoots { get; } =
        [.. options.Value.DataRoots.Where(r => !string.IsNullOrWhiteSpace(r)).Select(Path.GetFullPath).Distinct()];

    public long MinimumFreeBytes { get; } = options.Value.MinimumFreeBytes;

    public string Database => Path.Combine(Root, "fedplatform.db");
    public string SchedulerDatabase => Path.Combine(Root, "quartz.db");
    public string Keys => Path.Combine(Root, "keys");
    public string Runs => Path.Combine(Root, "runs");
    public string LockFile => Path.Combine(Root, "server.lock");

    public string RunFolder(Guid run) => Path.Combine(Runs, run.ToString("N"));

    /// <summary>Bytes free on the volume of <see cref="Root"/>.</summary>
    public long FreeBytes() => new DriveInfo(Root).AvailableFreeSpace;
}

/// <summary>Says everything that is wrong with the storage at once, before anything is opened.</summary>
internal sealed class StorageOptionsValidator : IValidateOptions<StorageOptions>
{
    public ValidateOptionsResult Validate(string? name, StorageOptions options)
    {
        var problems = new List<string>();
        if (string.IsNullOrWhiteSpace(options.Root))
        {
            problems.Add("Storage:Root is empty; it names the folder where everything is kept.");
        }
        else if (CannotWrite(options.Root) is { } reason)
        {
            problems.Add($"Storage:Root '{options.Root}' cannot be written: {reason}");
        }

        foreach (var root in options.DataRoots.Where(r => !string.IsNullOrWhiteSpace(r) && File.Exists(r)))
        {
            problems.Add($"Storage:DataRoots '{root}' is a file; a folder is expected.");
        }

        if (options.MinimumFreeBytes < 0)
        {
            problems.Add($"Storage:MinimumFreeBytes must be at least 0, got {options.MinimumFreeBytes}.");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static string? CannotWrite(string root)
    {
        try
        {
            Directory.CreateDirectory(root);
            var probe = Path.Combine(root, $".probe-{Guid.NewGuid():N}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return e.Message;
        }
    }
}
