"""Data: from folders of images to arrays that training maps into memory.

Six lines of YAML prepare a collection of one's own::

    data:
      prepared: prepared/mine
      sources:
        - {kind: ct, path: /data/ct, licence: CC BY 4.0, credit: Our hospital}
        - {kind: radiograph, path: /data/radiographs, patient_from: dicom}
      split: {folds: 5, fold: 0}

The way of the data, a file a step:

- ``settings``: what the YAML may say.
- ``collect``: finds the images and states whose they are; ``content_hash`` and ``prepared_folder`` know what is done.
- ``volumes`` (with ``dicom_series`` and ``stated_spacing``) reads CT, MRI and 2D reformats; ``plane_major`` brings them
  to the grid; ``radiographs`` does both for radiographs.
- ``prepare``: the command. It writes, into the prepared folder, ``ct/<name>.npy`` (float16, coronal planes first),
  ``radiographs.u8`` and ``manifest.json``, which ``manifest`` reads.
- ``split``: who trains and who tests, by patient, from names alone; no array knows of it, so folds share a folder.
- ``leak_check`` (with ``volume_likeness`` and ``radiograph_likeness``): stops what would be tested on its own patients.
- ``reference_quantiles``: grey levels of the training patients, and of nobody else.

A run starts with::

    manifest = read_manifest(settings.prepared)
    split = make_split(manifest, settings.split)
    check_leaks(manifest, split)
    cts = load_cts(settings.prepared, split.train)
    radiographs = load_radiographs(settings.prepared, split)
    reference = reference_quantiles(manifest, split)
"""
