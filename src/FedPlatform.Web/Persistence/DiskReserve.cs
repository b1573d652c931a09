namespace FedPlatform.Web.Persistence;

/// <summary>
/// A few megabytes kept aside, so that on a full disk the server can still write what matters most: that a run has paused, and why.
/// </summary>
public sealed class DiskReserve(StorageLayout layout)
{
    private const int Bytes = 4 << 20;

    private string FilePath => Path.Combine(layout.Root, "reserve");

    /// <summary>Sets the room aside when it is not, unless the disk is short of it.</summary>
    public void Keep()
    {
        if (File.Exists(FilePath) || layout.FreeBytes() < Math.Max(layout.MinimumFreeBytes, 2 * Bytes))
        {
            return;
        }

        // Written, not only lengthened: a sparse file would set nothing aside.
        File.WriteAllBytes(FilePath, new byte[Bytes]);
    }

    /// <summary>Gives the room back; false when there was none.</summary>
    public bool Release()
    {
        if (!File.Exists(FilePath))
        {
            return false;
        }

        File.Delete(FilePath);
        return true;
    }
}
