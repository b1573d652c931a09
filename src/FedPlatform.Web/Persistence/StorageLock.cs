namespace FedPlatform.Web.Persistence;

/// <summary>One server a storage root: held as long as the process lives, and given back by the system when it dies.</summary>
public sealed class StorageLock : IDisposable
{
    private readonly FileStream _file;

    public StorageLock(StorageLayout layout)
    {
        Directory.CreateDirectory(layout.Root);
        try
        {
            _file = new FileStream(layout.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new StorageInUseException(
                $"Another server uses Storage:Root '{layout.Root}'. Stop it, or give this one a root and a port of its own.", e);
        }
    }

    public void Dispose() => _file.Dispose();
}

public sealed class StorageInUseException(string message, Exception inner) : Exception(message, inner);
